import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { Exchange, newId, type Outlet } from '../kernel/index.ts';
import { createReply } from './reply.ts';
import { securityHeaders } from './security-headers.ts';
import { refusing } from './unreadable.ts';

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
afterAll(() => server.close());

/** What `act` writes, as a client gets it: the pieces of the body, each from one write. */
async function reply(act: (outlet: Outlet, x: Exchange, response: ServerResponse) => unknown) {
  const served = (_: IncomingMessage, response: ServerResponse) => {
    const now = Date.now();
    const route = refusing('internal', '');
    const arrival = {
      method: 'GET',
      path: '/',
      query: '',
      params: {},
      headers: {},
      rawHeaders: [],
      address: '',
    };
    const x = new Exchange(newId('request', now), now, route, {
      ...arrival,
      body: async () => Buffer.alloc(0),
    });
    const security = securityHeaders(false);
    const parts = { response, onFault: () => {}, closing: () => false, security, unreadMs: 60_000 };
    act(createReply(x, parts), x, response);
  };
  server.once('request', served);
  const asked = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const pieces: string[] = [];
  for await (const piece of answer) pieces.push(String(piece));
  return { status: answer.statusCode, length: answer.headers['content-length'], pieces };
}

const stream = { status: 200, contentType: 'text/event-stream', streaming: true };
const frame = (outlet: Outlet, text: string) => outlet.frame(Buffer.from(text), false);

describe('a reply', () => {
  it('that streams leaves by the turn: what was given together is one write, and nothing waits for more', async () => {
    const { pieces } = await reply(async (outlet) => {
      outlet.head(stream);
      for (const text of ['a', 'b', 'c']) frame(outlet, text);
      await new Promise((resolve) => setTimeout(resolve, 50));
      frame(outlet, 'd');
      outlet.end();
    });
    expect(pieces).toEqual(['abc', 'd']);
  });

  it('that is complete has its length', async () => {
    const answer = await reply((outlet) => {
      outlet.head({ status: 201, contentType: 'text/plain', streaming: false });
      frame(outlet, 'whole');
      outlet.end();
    });
    expect(answer).toEqual({ status: 201, length: '5', pieces: ['whole'] });
  });

  it('tells a producer that writes without a pause that the client is slow, and when it is not any more', async () => {
    const block = 'x'.repeat(1024);
    let sent = 0;
    const { pieces } = await reply((outlet, x) => {
      outlet.head(stream);
      const produce = (): void => {
        while (sent < 20_000) {
          sent++;
          if (!frame(outlet, block)) return;
        }
        outlet.end();
      };
      x.resume = produce;
      produce();
      expect(sent).toBeLessThan(20_000);
    });
    expect(pieces.join('')).toHaveLength(20_000 * block.length);
  });

  it('whose client has gone takes what comes, and throws nothing', async () => {
    const broken = reply(async (outlet, _, response) => {
      outlet.head(stream);
      frame(outlet, 'a');
      await new Promise((resolve) => setTimeout(resolve, 20));
      frame(outlet, 'b');
      response.destroy();
      frame(outlet, 'c');
      await new Promise((resolve) => setTimeout(resolve, 20));
      frame(outlet, 'd');
      outlet.end();
    });
    await expect(broken).rejects.toThrow();
  });
});
