import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What is known of a connection, for as long as it is there. */
export interface Connection {
  /** Whose it is: the other side's, or the one that a load balancer named before the first byte. In its one spelling. */
  readonly address: string;
  /** Whether that is a configured proxy, which is believed when it says for whom it asks. */
  readonly trusted: boolean;
  /** The request that came last, of which there may be more to come. */
  request: IncomingMessage | undefined;
  /** The reply that it is waiting for, or getting. */
  latest: ServerResponse | undefined;
  /** What ends with it beside `latest`: Node tells nobody who waits behind another reply that the client has gone. */
  readonly waiting: Set<() => void>;
  /** Nothing that comes on it is read as a request any more: nobody knows where the next one would begin, or who meant it. */
  ending: boolean;
  /** The client's certificates as they were put together, with what they were put together from. */
  chain:
    | { readonly of: readonly X509Certificate[]; readonly certificates: readonly X509Certificate[] }
    | undefined;
}

const known = Symbol('connection');
type KnownSocket = Socket & { [known]?: Connection };

export const connectionOf = (socket: Socket): Connection | undefined => (socket as KnownSocket)[known];

export function noteConnection(
  socket: Socket,
  { address, trusted }: Pick<Connection, 'address' | 'trusted'>,
): void {
  const waiting = new Set<() => void>();
  (socket as KnownSocket)[known] = {
    address,
    trusted,
    request: undefined,
    latest: undefined,
    waiting,
    ending: false,
    chain: undefined,
  };
  socket.once('close', () => {
    for (const end of waiting) end();
  });
}
