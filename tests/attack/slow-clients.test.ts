import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestRecord } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../support/administer.ts';
import { ask } from '../support/ask.ts';
import { eventually, within } from '../support/eventually.ts';
import { logLines } from '../support/log-lines.ts';
import { user } from '../support/openai-client.ts';
import { tcpTo } from '../support/tls-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* Clients that take their time, or come in numbers, to keep others out. */

const perAddress = 6;
const running = 8;

let vallum: Vallum;
let key: string;
beforeAll(async () => {
  vallum = await startVallum({
    settings: {
      limits: {
        headers_ms: 1_500,
        request_ms: 3_000,
        unread_ms: 2_000,
        connections_per_address: perAddress,
        running,
      },
    },
  });
  key = (await makeKey(vallum)).key;
});
afterAll(() => vallum?.remove());

/** All that a connection says until it is closed, by the server: this side does not end it. */
async function heard(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  // A reset is an end too.
  const closed = new Promise<void>((resolve) => socket.on('error', () => {}).on('close', () => resolve()));
  await within('the server closes the connection', closed);
  return text;
}

/** Sends a byte now and then until nobody takes them any more. */
async function drip(socket: Socket, text: string): Promise<void> {
  for (let at = 0; !socket.destroyed && socket.writable; at++) {
    socket.write(text[at % text.length] ?? '');
    await sleep(50);
  }
}

/** Each test comes from an address of its own: places are counted by address. */
let last = 30;
const elsewhere = (): string => `127.0.0.${last++}`;

const chat = (content: string, stream = false): string => {
  const body = JSON.stringify({ model: 'rehearsal', stream, messages: [user(content)] });
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};

describe('a client that is slow', () => {
  it('with its headers is not waited for', async () => {
    const socket = await tcpTo(vallum.url, elsewhere());
    socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n');
    const text = heard(socket);
    await drip(socket, 'x-slow: very\r\n');
    expect(await text).toMatch(/^$|^HTTP\/1\.1 408 /);
  });

  it('and says nothing at all is not waited for', async () => {
    expect(await heard(await tcpTo(vallum.url, elsewhere()))).toMatch(/^$|^HTTP\/1\.1 408 /);
  });

  it.each(['content-length: 100000', 'transfer-encoding: chunked'])(
    'with its body is not waited for: %s',
    async (length) => {
      const socket = await tcpTo(vallum.url, elsewhere());
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n${length}\r\n\r\n`,
      );
      const text = heard(socket);
      await drip(socket, length.startsWith('transfer') ? '1\r\n \r\n' : ' ');
      expect((await text).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 408']);
    },
  );

  it('with a body that nobody wants gets its refusal, and is not waited for after it', async () => {
    const socket = await tcpTo(vallum.url, elsewhere());
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n');
    const text = heard(socket);
    await drip(socket, ' ');
    expect((await text).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401']);
  });

  it('to read is cut off, and who produces the answer stops', async () => {
    const socket = await tcpTo(vallum.url, elsewhere());
    socket.on('error', () => {});
    // Far more than the system holds for a connection.
    socket.write(chat('[[rehearse: chunk=1 length=100000]]', true));
    const [head] = (await once(socket, 'data')) as [Buffer];
    socket.pause();
    const id = /x-vallum-request-id: (\S+)/.exec(String(head))?.[1];
    const ended = await eventually('the exchange is over', async () => {
      const answer = await ask(vallum, `/v1/requests/${id}`, { key });
      return (answer.status === 200 && requestRecord.parse(answer.json()).ended) ?? false;
    });
    expect(ended).toBe('aborted');
    socket.destroy();
  });
});

describe('clients that come in numbers', () => {
  it('from one address have so many connections, and others are served meanwhile', async () => {
    const from = elsewhere();
    const request = 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n';
    const open: Socket[] = [];
    for (let i = 0; i < perAddress; i++) {
      const socket = await tcpTo(vallum.url, from);
      socket.write(request);
      expect(String(await once(socket, 'data'))).toContain('200 OK');
      open.push(socket);
    }
    const more = await tcpTo(vallum.url, from);
    more.write(request);
    expect(await heard(more)).toBe('');
    expect((await ask(vallum, '/health', { from: elsewhere() })).status).toBe(200);
    open.pop()?.destroy();
    await eventually('a place is free again', async () => {
      const again = await tcpTo(vallum.url, from);
      again.on('error', () => {}).write(request);
      const [first] = await Promise.race([once(again, 'data'), once(again, 'close')]);
      open.push(again);
      return String(first).includes('200 OK');
    });
    for (const socket of open) socket.destroy();
    const told = logLines(vallum.output.stdout).filter(
      ({ event }) => event === 'a connection was turned away',
    );
    expect(told[0]).toMatchObject({ code: 'connections-of-address', count: 1 });
  });

  it('and keep all of it busy are told to come back, while those who watch over it get their answers', async () => {
    const busy: Socket[] = [];
    for (let i = 0; i < running; i++) {
      const socket = await tcpTo(vallum.url, `127.0.0.${200 + i}`);
      socket.on('error', () => {}).write(chat('[[rehearse: delay=60000ms]]'));
      busy.push(socket);
    }
    const question = { key, from: elsewhere(), body: { model: 'rehearsal', messages: [user('Hello')] } };
    const refused = await eventually('it is too much', async () => {
      const answer = await ask(vallum, '/v1/chat/completions', question);
      return answer.status === 503 && answer;
    });
    expect(refused.headers).toMatchObject({ 'retry-after': '1' });
    expect(refused.headers['x-should-retry']).toBeUndefined();
    expect(refused.json<{ error: { code: string } }>().error.code).toBe('overloaded');
    for (const path of ['/health', '/ready']) expect((await ask(vallum, path)).status).toBe(200);
    // Nothing was done with them, so nobody has done too much: far more than an address may fail.
    for (let i = 0; i < 50; i++) expect((await ask(vallum, '/v1/models', question)).status).toBe(503);
    for (const socket of busy) socket.destroy();
    await eventually('there is room again', async () => {
      return (await ask(vallum, '/v1/chat/completions', question)).status === 200;
    });
  });

  it('and go away while they wait behind one another leave nothing behind', async () => {
    for (let round = 0; round < running; round++) {
      const socket = await tcpTo(vallum.url, elsewhere());
      socket.on('error', () => {});
      socket.write(chat('[[rehearse: delay=60000ms]]') + chat('[[rehearse: delay=60000ms]]').repeat(2));
      await sleep(100);
      socket.destroy();
    }
    await eventually('there is room again', async () => {
      const answer = await ask(vallum, '/v1/models', { key });
      return answer.status === 200;
    });
  });
});
