import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

/** One reply, as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, in the order and spelling of the wire. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  readonly text: string;
  /** @throws SyntaxError when the body is not JSON */
  json<T = Record<string, unknown>>(): T;
}

export interface Question {
  readonly method?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address to call from, one of 127.0.0.0/8, for what is counted by address. */
  readonly from?: string;
  /** An object is sent as JSON; text and bytes as they are, with the content type of JSON unless the headers name another. */
  readonly body?: object | string | Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends one request. Unlike `fetch` it shows the reply's headers as they came, and adds none of its own. */
export function ask(
  server: { readonly url: string },
  path: string,
  question: Question = {},
): Promise<Answer> {
  const { key, body, method = body === undefined ? 'GET' : 'POST' } = question;
  const payload =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const headers = {
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    ...(payload !== undefined && {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(payload)),
    }),
    ...question.headers,
  };
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const { from: localAddress } = question;
    const options = { hostname, port, path, method, headers, agent, ...(localAddress && { localAddress }) };
    const sent = request(options, (reply) => {
      const pieces: Buffer[] = [];
      reply.on('data', (piece: Buffer) => pieces.push(piece));
      reply.on('error', reject);
      reply.on('end', () => {
        const bytes = Buffer.concat(pieces);
        const text = bytes.toString('utf8');
        resolve({
          status: reply.statusCode ?? 0,
          headers: reply.headers,
          rawHeaders: reply.rawHeaders,
          bytes,
          text,
          json: <T>() => JSON.parse(text) as T,
        });
      });
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}

/**
 * Sends bytes that no client library would, and gives back all that comes until the server closes: ask it to, with `connection: close`. Our side stays open,
 * since Node takes a client that closes its side for one that has gone.
 */
export function askRaw(server: { readonly url: string }, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let said = '';
    socket.setEncoding('latin1').on('data', (text) => {
      said += text;
    });
    socket.on('error', (error) => (said ? resolve(said) : reject(error)));
    socket.on('close', () => resolve(said));
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}
