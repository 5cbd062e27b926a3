import type { Server, Socket } from 'node:net';
import { networkOf } from '../addresses/address.ts';
import { canonicalAddress, type IsTrusted } from '../forwarding/address.ts';
import { noteConnection } from './connection.ts';
import { longestHeader, type ProxySource, readProxyHeader } from './proxy-header.ts';

export interface ConnectionRules {
  /** All at once. */
  readonly total: number;
  /** Of one address (IPv6: /64) at once. Trusted proxies hold those of everybody, and are not counted by address. */
  readonly perAddress: number;
  readonly isTrusted: IsTrusted;
  /** Whether trusted proxies say first for whom a connection is; then they must. */
  readonly proxyProtocol: boolean;
  /** What that may take, in ms. */
  readonly headerMs: number;
}

export type TurnedAway = 'connections' | 'connections-of-address' | 'proxy-header';

interface GuardParts {
  readonly rules: ConnectionRules;
  /** Told of each connection that is closed before anything was read from it. */
  readonly onTurnedAway: (why: TurnedAway) => void;
}

export interface Guard {
  /** Ends the connections on which no request can have begun yet. */
  endEarly(): void;
  /** Ends all of them. */
  endAll(): void;
}

/**
 * Stands before a server: counts connections, turns away those that are too many, and reads what a load balancer says of a connection before the server
 * sees its first byte. With TLS the server is one of TLS: the header comes before the handshake.
 */
export function guardConnections(server: Server, { rules, onTurnedAway }: GuardParts): Guard {
  /** What Node itself does with a connection. */
  const handOver = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  const counts = new Map<string, number>();
  /** Each connection, and whether the server has it by now. */
  const open = new Map<Socket, boolean>();
  /** By both ends, for connections under TLS: their outer socket is not to be had from the inner one. */
  const named = new Map<string, ProxySource>();

  function turnAway(socket: Socket, why: TurnedAway): void {
    onTurnedAway(why);
    socket.destroy();
  }

  /** Takes a place of the address for as long as the socket is there. */
  function takesPlace(socket: Socket, address: string): boolean {
    const name = networkOf(address);
    const taken = counts.get(name) ?? 0;
    if (taken >= rules.perAddress) return false;
    counts.set(name, taken + 1);
    socket.once('close', () => {
      const left = (counts.get(name) ?? 1) - 1;
      if (left > 0) counts.set(name, left);
      else counts.delete(name);
    });
    return true;
  }

  function admit(socket: Socket, address: string, trusted: boolean): void {
    if (!trusted && !takesPlace(socket, address)) {
      turnAway(socket, 'connections-of-address');
      return;
    }
    noteConnection(socket, { address, trusted });
    open.set(socket, true);
    for (const listener of handOver) listener.call(server, socket);
  }

  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // It may be gone already.
    const address = canonicalAddress(socket.remoteAddress ?? '');
    if (address === undefined) return void socket.destroy();
    if (open.size >= rules.total) return turnAway(socket, 'connections');
    open.set(socket, false);
    socket.once('close', () => open.delete(socket));
    const trusted = rules.isTrusted(address);
    if (!rules.proxyProtocol || !trusted) return admit(socket, address, trusted);
    awaitHeader(socket, rules.headerMs, (source) => {
      if (source === 'malformed') return turnAway(socket, 'proxy-header');
      if (!source) return admit(socket, address, true);
      const ends = endsOf(socket);
      named.set(ends, source);
      socket.once('close', () => named.delete(ends));
      admit(socket, source.address, rules.isTrusted(source.address));
    });
  });
  // First, so that it is there when the request is.
  server.prependListener('secureConnection', (socket: Socket) => {
    const address = named.get(endsOf(socket))?.address ?? canonicalAddress(socket.remoteAddress ?? '');
    // The outer one was let in; a socket whose peer nobody can tell any more is one that has ended.
    if (address === undefined) socket.destroy();
    noteConnection(socket, {
      address: address ?? '',
      trusted: address !== undefined && rules.isTrusted(address),
    });
  });

  return {
    endEarly() {
      for (const [socket, handed] of open) if (!handed || !isHeard(socket)) socket.destroy();
    },
    endAll() {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}

const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

/** Whether anything has come on it. */
const isHeard = ({ bytesRead }: Socket): boolean => bytesRead > 0;

/** Reads the header and puts back what came behind it. */
function awaitHeader(
  socket: Socket,
  ms: number,
  done: (source: ProxySource | undefined | 'malformed') => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => finish('malformed'), ms);
  const gone = (): void => finish('malformed');
  // Also between this and the server, which has its own: an error that nobody hears ends the process.
  socket.on('error', gone);

  let finished = false;
  function finish(source: ProxySource | undefined | 'malformed', behind?: Buffer): void {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    socket.off('readable', read).off('close', gone);
    if (behind && behind.length > 0) socket.unshift(behind);
    // The stream notices in the next tick that nobody reads it this way any more.
    setImmediate(() => {
      if (!socket.destroyed) done(source);
    });
  }

  function read(): void {
    const piece = socket.read() as Buffer | null;
    if (!piece) return;
    bytes = Buffer.concat([bytes, piece]);
    const header = readProxyHeader(bytes);
    if (header.kind === 'whole') finish(header.source, bytes.subarray(header.length));
    else if (header.kind === 'malformed' || bytes.length > longestHeader) finish('malformed');
  }

  socket.on('readable', read).on('close', gone);
}
