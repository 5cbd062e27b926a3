import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageReader } from './message-reader.ts';

interface Message {
  head: string;
  body: string;
}

/** What a reader makes of these pieces. */
function read(pieces: readonly Buffer[]): Message[] {
  const messages: Message[] = [];
  let current: Message = { head: '', body: '' };
  const reader = new MessageReader({
    head: (head) => {
      current = { head, body: '' };
    },
    body: (bytes) => {
      current.body += bytes.toString();
    },
    end: () => messages.push(current),
  });
  for (const piece of pieces) reader.push(piece);
  return messages;
}

const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const empty = 'HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n';
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n8;name=value\r\n, world.\r\n0\r\nTrailer: 1\r\n\r\n';
const expected: Message[] = [
  { head: 'HTTP/1.1 200 OK\r\nContent-Length: 5', body: 'hello' },
  { head: 'HTTP/1.1 204 No Content\r\ncontent-length: 0', body: '' },
  { head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', body: 'hello, world.' },
  { head: 'HTTP/1.1 200 OK\r\nContent-Length: 5', body: 'hello' },
];
const bytes = Buffer.from(plain + empty + chunked + plain);

describe('a reader of HTTP messages', () => {
  it('finds every message of a connection, wherever the network cuts it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(read(pieces)).toEqual(expected);
      }),
    );
  });

  it('finds them byte by byte', () => {
    expect(read([...bytes].map((byte) => Buffer.of(byte)))).toEqual(expected);
  });

  it('takes a request without a body', () => {
    expect(read([Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')])).toEqual([
      { head: 'GET / HTTP/1.1\r\nhost: a', body: '' },
    ]);
  });

  it('refuses a reply that only the end of the connection ends, since it would wait for ever', () => {
    expect(() => read([Buffer.from('HTTP/1.1 200 OK\r\nhost: a\r\n\r\n')])).toThrow('without a length');
  });

  it('refuses a chunk that has no size', () => {
    const bad = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n';
    expect(() => read([Buffer.from(bad)])).toThrow('without a size');
  });
});
