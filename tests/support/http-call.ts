import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly agent?: Agent;
  /** Called when the status line has arrived. */
  readonly onHead?: (head: { readonly status: number; readonly headers: IncomingHttpHeaders }) => void;
  /** Called for each piece of the body, with all that has arrived. */
  readonly onText?: (soFar: string) => void;
  /** Ends the call as a client that leaves. */
  readonly leave?: AbortSignal;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** Whether the reply came to its end, rather than being cut. */
  readonly whole: boolean;
}

/** No status line came: the server is not there, or went away. */
export class NoReply extends Error {
  override readonly name = 'NoReply';
}

/** One HTTP exchange, over a client that keeps what it got when the connection is cut. @throws NoReply */
export function call(base: string, { method = 'GET', path, key, body, agent, ...on }: Call): Promise<Reply> {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, base), {
      method,
      agent: agent ?? false,
      ...(on.leave && { signal: on.leave }),
      headers: {
        ...(key && { authorization: `Bearer ${key}` }),
        ...on.headers,
        ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }),
      },
    });
    sent.on('error', (cause) => reject(new NoReply(cause.message, { cause })));
    sent.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      on.onHead?.({ status, headers });
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        on.onText?.(Buffer.concat(pieces).toString());
      });
      response.on('error', () => {});
      response.on('close', () => {
        const got = Buffer.concat(pieces);
        resolve({ status, headers, bytes: got, text: got.toString(), whole: response.complete });
      });
    });
    sent.end(bytes);
  });
}

/** A reply that must be a success. @throws Error with the status and what it said */
export async function mustCall(base: string, given: Call): Promise<Reply> {
  const reply = await call(base, given);
  if (reply.status >= 300 || !reply.whole)
    throw new Error(
      `${given.method ?? 'GET'} ${given.path} got ${reply.status}: ${reply.text.slice(0, 500)}`,
    );
  return reply;
}

/** The JSON of a reply that must be a success. What its type is, the caller says. */
export const jsonOf = async <T>(base: string, given: Call): Promise<T> =>
  JSON.parse((await mustCall(base, given)).text) as T;
