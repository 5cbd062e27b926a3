import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { providerHttp } from './provider-http.ts';

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function serve(answer: RequestListener): Promise<string> {
  const server: Server = createServer(answer).listen(0, '127.0.0.1');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  open.push({ close });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function client(limits: Parameters<typeof providerHttp>[0] = {}) {
  const http = providerHttp(limits);
  open.push(http);
  return http.fetch;
}

describe('what speaks HTTP with providers', () => {
  it('gives the answer as `fetch` would, and sends what it was given', async () => {
    const url = await serve((request, response) => {
      request
        .setEncoding('utf8')
        .on('data', (text) => response.setHeader('content-type', 'application/json').end(text));
    });
    const answer = await client()(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ a: '1' }),
    });
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'application/json',
      'a=1',
    ]);
  });

  it('follows no redirect, which could lead anywhere with our secret', async () => {
    let asked = 0;
    const elsewhere = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    const url = await serve((_, response) => response.writeHead(302, { location: elsewhere }).end());
    expect((await client()(url)).status).toBe(302);
    expect(asked).toBe(0);
  });

  it.each([
    'http://login.example.org/',
    'http://10.0.0.1/',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'https://a:b@c.example/',
    'none',
  ])('asks nobody at %s', async (url) => {
    await expect(client()(url)).rejects.toThrow(TypeError);
  });

  it('takes no more than its limit', async () => {
    const url = await serve((_, response) => response.end('x'.repeat(1_001)));
    await expect(client({ sizeBytes: 1_000 })(url)).rejects.toThrow();
  });

  it('does not wait without end, neither for the head nor for the body', async () => {
    for (const answer of [
      () => {},
      (_, response) => void response.writeHead(200).write('x'),
    ] as RequestListener[]) {
      const url = await serve(answer);
      await expect(client({ timeoutMs: 200 })(url)).rejects.toThrow();
    }
  });

  it('does not read what is compressed, whose size nobody knows', async () => {
    const url = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    );
    await expect(client()(url)).rejects.toThrow();
  });
});
