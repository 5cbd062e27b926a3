import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { keyDocuments } from './key-documents.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server on a free port of this machine, and a reader that waits for it as long as the test says. */
async function setUp(answer: RequestListener, limits = { timeoutMs: 20_000, sizeBytes: 1_000 }) {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { fetchKeys, close } = keyDocuments(limits);
  closing.push(
    close,
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { base, asked, read: (at = '/keys?v=1') => fetchKeys({ url: base + at }) };
}

describe('a key document over HTTP', () => {
  it('is what the issuer says, asked for with nothing of any caller', async () => {
    let headers: object = {};
    const { read, asked } = await setUp((request, response) => {
      headers = request.headers;
      response.end('{"keys":[]}');
    });
    expect(await read()).toBe('{"keys":[]}');
    expect(asked).toEqual(['/keys?v=1']);
    expect(Object.keys(headers).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
  });

  it.each([301, 302, 303, 307, 308])('is not looked for where a redirect (%i) points', async (status) => {
    const { read, asked } = await setUp((_, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end(),
    );
    await expect(read()).rejects.toThrow(`status ${status}`);
    expect(asked).toEqual(['/keys?v=1']);
  });

  it.each([204, 206, 401, 404, 500, 503])('is not what comes with status %i', async (status) => {
    const { read } = await setUp((_, response) =>
      response.writeHead(status).end(status === 204 ? undefined : '{"keys":[]}'),
    );
    await expect(read()).rejects.toThrow(`status ${status}`);
  });

  it('is not read beyond its greatest size, announced or not', async () => {
    const announced = await setUp((_, response) => response.end('x'.repeat(1_001)));
    await expect(announced.read()).rejects.toThrow();
    const endless = await setUp((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(100)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await expect(endless.read()).rejects.toThrow();
  });

  it('is not unpacked: a small answer must not become a large one', async () => {
    const { read } = await setUp((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"keys":[]}')),
    );
    await expect(read()).rejects.toThrow('encoding');
  });

  it.each<[string, RequestListener]>([
    ['says nothing', () => {}],
    ['begins and says no more', (_, response) => void response.writeHead(200).write('{')],
    [
      'says a byte now and then',
      (_, response) => {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('is not waited for when the issuer %s', async (_, answer) => {
    const { read } = await setUp(answer, { timeoutMs: 200, sizeBytes: 1_000 });
    await expect(read()).rejects.toThrow();
  });

  it('is not had from an issuer that is not there, or that hangs up', async () => {
    const { read } = await setUp((request) => request.socket.destroy());
    await expect(read()).rejects.toThrow();
    const { fetchKeys, close } = keyDocuments();
    closing.push(close);
    await expect(fetchKeys({ url: 'http://127.0.0.1:1/keys' })).rejects.toThrow();
  });
});

describe('a key document in a file', () => {
  it('is read anew each time, up to its greatest size', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'vallum-keys-'));
    const file = path.join(folder, 'keys.json');
    const { fetchKeys, close } = keyDocuments({ sizeBytes: 20 });
    closing.push(close, () => rmSync(folder, { recursive: true }));
    await expect(fetchKeys({ file })).rejects.toMatchObject({ code: 'ENOENT' });
    for (const text of ['{"keys":[]}', '{"keys":[1]}']) {
      writeFileSync(file, text);
      expect(await fetchKeys({ file })).toBe(text);
    }
    writeFileSync(file, 'x'.repeat(21));
    await expect(fetchKeys({ file })).rejects.toThrow('too large');
  });
});
