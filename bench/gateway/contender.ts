import type { Child } from '../processes/child.ts';

/** A server that is measured. */
export interface Contender {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** The PostgreSQL that it commits to; its CPU is reported beside the server's. */
  readonly postgresPid?: number;
  /** Headers that the upstream's base URL and its own credentials need. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long each of its commits took since this was last asked, in ms, where it tells. */
  commitsMs?(): Promise<readonly number[]>;
  stop(): Promise<void>;
}

/** A request to it, as bytes on the wire. */
export function wireRequest({ port, headers }: Pick<Contender, 'port' | 'headers'>, body: string): string {
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'user-agent': 'vallum-bench',
    ...headers,
    'content-length': Buffer.byteLength(body),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /v1/chat/completions HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** What every contender of ours is made of. */
export const contenderOf = (
  name: string,
  { pid, port, stop }: Child,
  headers: Contender['headers'] = {},
): Contender => ({ name, pid, port, headers, stop });
