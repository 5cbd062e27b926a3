import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** How a client comes. */
export interface Coming {
  /** One of 127.0.0.0/8. */
  readonly from?: string;
  /** Sent before the handshake. */
  readonly first?: Buffer;
  readonly tls?: ConnectionOptions;
}

/** A TCP connection, from an address of this machine. */
export async function tcpTo(url: string, from = '127.0.0.1'): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connectTcp({ host: hostname, port: Number(port), localAddress: from });
  await once(socket, 'connect');
  return socket;
}

/** A connection under TLS. @throws what the handshake ended with */
export async function tlsTo(url: string, { from, first, tls = {} }: Coming): Promise<TLSSocket> {
  const outer = await tcpTo(url, from);
  outer.on('error', () => {});
  if (first) outer.write(first);
  const socket = connect({ socket: outer, servername: 'localhost', ...tls });
  try {
    await once(socket, 'secureConnect');
  } catch (error) {
    outer.destroy();
    throw error;
  }
  return socket;
}

/** Sends one request on a connection that then ends. @returns status and the whole text of the reply; status 0 where none came */
export async function say(
  socket: Socket,
  request: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Promise<{ readonly status: number; readonly text: string }> {
  const lines = [
    `${request} HTTP/1.1`,
    'host: localhost',
    'connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body ? [`content-length: ${Buffer.byteLength(body)}`, 'content-type: application/json'] : []),
  ];
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  await closed;
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text };
}

/** PROXY protocol, version 2, for a connection of IPv4. */
export function proxyHeader(address: string, port = 4_711): Buffer {
  const ends = Buffer.from([
    ...address.split('.').map(Number),
    127,
    0,
    0,
    1,
    port >> 8,
    port & 0xff,
    0x20,
    0xfb,
  ]);
  const fixed = Buffer.from([0x21, 0x11, 0, ends.length]);
  return Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), fixed, ends]);
}
