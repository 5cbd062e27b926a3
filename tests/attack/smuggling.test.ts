import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, askRaw } from '../support/ask.ts';
import { within } from '../support/eventually.ts';
import { tcpTo } from '../support/tls-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/*
 * Requests that two servers could read as two different ones. What stands behind such a request on the same connection would be a request of somebody else's making:
 * here it would make an administrator's key, and it must never be read.
 */

let vallum: Vallum;
beforeAll(async () => {
  vallum = await startVallum({ settings: { limits: { anonymous_per_address: 1_000_000 } } });
});
afterAll(() => vallum?.remove());

/** What must not be read as a request, in the name of the administrator. */
function second(): string {
  const body = JSON.stringify({ name: 'smuggled', scopes: ['vallum:admin'] });
  return [
    'POST /v1/keys HTTP/1.1',
    'host: localhost',
    `authorization: Bearer ${vallum.secrets.adminKey}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

const statusLines = (text: string): string[] => text.match(/HTTP\/1\.1 \d{3}/g) ?? [];

async function keysNamed(name: string): Promise<number> {
  const { data } = (await ask(vallum, '/v1/keys?limit=200', { key: vallum.secrets.adminKey })).json<{
    data: { name: string }[];
  }>();
  return data.filter((each) => each.name === name).length;
}

const head = 'POST /v1/models HTTP/1.1\r\nhost: localhost\r\n';
const chunked = 'transfer-encoding: chunked\r\n';
const end = '0\r\n\r\n';

/** What comes before the second request. */
const forms: Readonly<Record<string, string>> = {
  'CL.TE: a length, and chunks that end before it': `${head}content-length: 60\r\n${chunked}\r\n${end}`,
  'TE.CL: chunks, and a length that ends before them': `${head}${chunked}content-length: 3\r\n\r\n${end}`,
  'two lengths that differ': `${head}content-length: 0\r\ncontent-length: 60\r\n\r\n`,
  'two lengths that are alike': `${head}content-length: 0\r\ncontent-length: 0\r\n\r\n`,
  'a list of lengths': `${head}content-length: 0, 60\r\n\r\n`,
  'a length with a sign': `${head}content-length: +0\r\n\r\n`,
  'a length in hexadecimal': `${head}content-length: 0x0\r\n\r\n`,
  'a length with a blank in it': `${head}content-length: 0 0\r\n\r\n`,
  'no length': `${head}content-length:\r\n\r\n`,
  'a coding that looks like chunked': `${head}transfer-encoding: xchunked\r\n\r\n${end}`,
  'chunked that is not last': `${head}transfer-encoding: chunked, identity\r\n\r\n${end}`,
  'another coding before chunked': `${head}transfer-encoding: gzip, chunked\r\n\r\n${end}`,
  'chunked twice': `${head}${chunked}${chunked}\r\n${end}`,
  'two lines of codings': `${head}${chunked}transfer-encoding: identity\r\n\r\n${end}`,
  'a vertical tab before chunked': `${head}transfer-encoding:\x0bchunked\r\n\r\n${end}`,
  'chunked in quotes': `${head}transfer-encoding: "chunked"\r\n\r\n${end}`,
  'chunked in HTTP/1.0': `POST /v1/models HTTP/1.0\r\nhost: localhost\r\nconnection: keep-alive\r\n${chunked}\r\n${end}`,
  'a header that is folded': `${head}x: a\r\n b\r\ncontent-length: 0\r\n\r\n`,
  'a coding that is folded': `${head}transfer-encoding:\r\n chunked\r\n\r\n${end}`,
  'a length that is folded': `${head}content-length:\r\n 0\r\n\r\n`,
  'a blank before the first header': 'POST /v1/models HTTP/1.1\r\n host: localhost\r\n\r\n',
  'a bare LF after the request line': 'POST /v1/models HTTP/1.1\nhost: localhost\r\n\r\n',
  'a bare LF after a header': `${head}x: y\ncontent-length: 0\r\n\r\n`,
  'a bare LF at the end of the headers': `${head}content-length: 0\r\n\n`,
  'bare LFs alone': 'POST /v1/models HTTP/1.1\nhost: localhost\n\n',
  'a bare CR in a value': `${head}x: a\rcontent-length: 0\r\n\r\n`,
  'a bare CR at the end of the headers': `${head}content-length: 0\r\n\r`,
  'a NUL in a value': `${head}x: a\0b\r\n\r\n`,
  'a blank before the colon': `${head}content-length : 0\r\n\r\n`,
  'a tab before the colon of a coding': `${head}transfer-encoding\t: chunked\r\n\r\n${end}`,
  'a header without a name': `${head}: x\r\n\r\n`,
  'a header without a colon': `${head}content-length\r\n\r\n`,
  'a chunk whose size has a sign': `${head}${chunked}\r\n+0\r\n\r\n`,
  'a chunk whose size is written 0x': `${head}${chunked}\r\n0x0\r\n\r\n`,
  'a chunk whose size has a blank': `${head}${chunked}\r\n0 \r\n\r\n`,
  'a chunk whose size overflows': `${head}${chunked}\r\n10000000000000000\r\n\r\n`,
  'a chunk with a bare LF after its size': `${head}${chunked}\r\n0\n\r\n`,
  'a chunk with a bare LF in its extension': `${head}${chunked}\r\n1;a\nX\r\n${end}`,
  'a chunk with a bare CR in its extension': `${head}${chunked}\r\n1;a\rX\r\n${end}`,
  'a chunk with an extension without end': `${head}${chunked}\r\n1;${'a'.repeat(40_000)}\r\nX\r\n${end}`,
  'a chunk that is longer than it says': `${head}${chunked}\r\n1\r\nXX\r\n${end}`,
  'a trailer with a length': `${head}${chunked}\r\n0\r\ncontent-length: 60\r\n\r\n`,
  'a trailer with a coding': `${head}${chunked}\r\n0\r\ntransfer-encoding: chunked\r\n\r\n`,
  'two hosts': 'GET /v1/models HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n',
  'two hosts that are alike': 'GET /v1/models HTTP/1.1\r\nhost: localhost\r\nHost: localhost\r\n\r\n',
  'no host': 'GET /v1/models HTTP/1.1\r\n\r\n',
  'an empty host': 'GET /v1/models HTTP/1.1\r\nhost:\r\n\r\n',
  'a list of hosts': 'GET /v1/models HTTP/1.1\r\nhost: localhost, evil.example\r\n\r\n',
  'a host with a path': 'GET /v1/models HTTP/1.1\r\nhost: localhost/evil\r\n\r\n',
  'a host with a user': 'GET /v1/models HTTP/1.1\r\nhost: localhost@evil.example\r\n\r\n',
  'a host with a port that is none': 'GET /v1/models HTTP/1.1\r\nhost: localhost:port\r\n\r\n',
  'a URL of another host': 'GET http://evil.example/v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'a URL with a user': 'GET http://localhost@evil.example/v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'a URL of another scheme': 'GET ftp://localhost/v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'a target with a fragment': 'GET /v1/models#x HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'a target that is a star': 'GET * HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'HTTP/0.9': 'GET /v1/models\r\n\r\n',
  'HTTP/2.0 in the words of HTTP/1': 'GET /v1/models HTTP/2.0\r\nhost: localhost\r\n\r\n',
  'HTTP/1.2': 'GET /v1/models HTTP/1.2\r\nhost: localhost\r\n\r\n',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'an expectation that nobody knows': `${head}expect: the-unexpected\r\ncontent-length: 0, 0\r\n\r\n`,
};

describe('a request in two readings', () => {
  it.each(Object.entries(forms))('is refused, and nothing behind it is read: %s', async (_, form) => {
    const said = await within('the connection ends', askRaw(vallum, form + second()));
    const answers = statusLines(said);
    expect(answers.length).toBeLessThanOrEqual(1);
    // Where its head alone is clear, that may have been refused by the time that the rest came; and some look like an attack already.
    if (answers.length > 0) expect(answers[0]).toMatch(/ 40[034]$/);
    if (answers[0] && answers[0] !== 'HTTP/1.1 404') expect(said).toMatch(/\r\nconnection: close\r\n/i);
  });

  it('has changed nothing: no key was made by any of them', async () => {
    expect(await keysNamed('smuggled')).toBe(0);
  });

  it('would have been seen: the same request behind one with a single reading is answered, and makes its key', async () => {
    for (const clear of [
      `${head}content-length: 0\r\n\r\n`,
      `${head}${chunked}\r\n1;a=b\r\nX\r\n${end}`,
      'GET http://localhost/v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n',
    ])
      expect(statusLines(await askRaw(vallum, clear + second())).length).toBe(2);
    expect(await keysNamed('smuggled')).toBe(3);
  });

  it('is not a URL of this host, which is the same as its path', async () => {
    const key = vallum.secrets.apiKey;
    const target = 'HTTP://LOCALHOST/v1/models';
    const said = await askRaw(
      vallum,
      `GET ${target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n\r\n`,
    );
    expect(statusLines(said)).toEqual(['HTTP/1.1 200']);
  });
});

describe('requests one behind the other', () => {
  it('are answered in their order', async () => {
    const line = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${more}\r\n`;
    const said = await askRaw(
      vallum,
      line('/health') + line('/v1/models') + line('/nowhere') + line('/health', 'connection: close\r\n'),
    );
    expect(statusLines(said)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 404', 'HTTP/1.1 200']);
  });

  it('are not taken without end before there is an answer', async () => {
    const body = JSON.stringify({
      model: 'rehearsal',
      messages: [{ role: 'user', content: '[[rehearse: delay=20000ms]]' }],
    });
    const slow = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${vallum.secrets.apiKey}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const socket = await tcpTo(vallum.url);
    const closed = new Promise<void>((resolve) => socket.on('error', () => {}).on('close', () => resolve()));
    socket.resume().write(slow + 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(100));
    await within('the connection ends', closed);
    expect((await ask(vallum, '/health')).status).toBe(200);
  });
});
