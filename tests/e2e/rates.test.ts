import { setTimeout as sleep } from 'node:timers/promises';
import { mintedKey, tenant } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answer, ask } from '../support/ask.ts';
import { user } from '../support/openai-client.ts';
import { hasProcessTable } from '../support/processes.ts';
import { startTwoServers, type TwoServers } from '../support/two-servers.ts';

/* How much one key, one tenant and one address may ask, over real connections from several addresses, of two processes on one database. */

const anonymousPerAddress = 60;
const authenticatedPerAddress = 300;
const perTenant = 150;

/** A bound for what hangs: each test waits for several things, on a machine that others use. */
vi.setConfig({ testTimeout: 90_000 });

describe.runIf(hasProcessTable)('two processes on one database', () => {
  let two: TwoServers;
  let here: { readonly url: string };
  let there: { readonly url: string };
  beforeAll(async () => {
    two = await startTwoServers({
      limits: {
        anonymous_per_address: anonymousPerAddress,
        authenticated_per_address: authenticatedPerAddress,
        requests_per_minute_per_tenant: perTenant,
      },
    });
    [here, there] = two.servers;
  }, 120_000);
  afterAll(() => two?.remove(), 60_000);

  let names = 0;
  const administer = async (path: string, body: object): Promise<unknown> => {
    const answer = await ask(here, path, { key: two.secrets.adminKey, body });
    if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return answer.json();
  };
  const newTenant = async () =>
    tenant.parse(await administer('/v1/tenants', { name: `tenant ${++names}`, environment: 'production' }));
  async function newKey(ratePerMinute: number, of?: string): Promise<string> {
    const { id } = of ? { id: of } : await newTenant();
    const body = {
      tenant: id,
      name: 'a test',
      scopes: ['vallum:read', 'models:invoke'],
      rate_per_minute: ratePerMinute,
    };
    return mintedKey.parse(await administer('/v1/keys', body)).key;
  }
  const models = (server: { readonly url: string }, key?: string, from?: string): Promise<Answer> =>
    ask(server, '/v1/models', { ...(key && { key }), ...(from && { from }) });
  const statuses = (answers: readonly Answer[], status: number): Answer[] =>
    answers.filter((each) => each.status === status);

  describe('a key', () => {
    it('gets no more than its rate, with 100 callers in both who do not stop asking', async () => {
      const rate = 40;
      const key = await newKey(rate);
      const until = Date.now() + 8_000;
      const answers: Answer[] = [];
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          while (Date.now() < until) {
            answers.push(await models(i % 2 === 0 ? here : there, key, `127.0.1.${i + 1}`));
            await sleep(100);
          }
        }),
      );
      const admitted = statuses(answers, 200);
      expect(answers.length).toBeGreaterThan(100);
      expect(statuses(answers, 429).length).toBe(answers.length - admitted.length);
      expect(admitted.length).toBeLessThanOrEqual(rate);
      // One lease may lie unused in the other process.
      expect(admitted.length).toBeGreaterThanOrEqual(rate - 2);
    });

    it('used in one process is used in the other too', async () => {
      const key = await newKey(3);
      for (let i = 0; i < 3; i++) expect((await models(here, key)).status).toBe(200);
      const answer = await models(there, key);
      expect(answer.status).toBe(429);
      expect(answer.json()).toMatchObject({
        error: {
          code: 'rate-limited',
          message: 'Too many requests: This key may make 3 requests a minute.',
        },
      });
    });

    it('is told in each reply what it may and what is left, also when that is nothing', async () => {
      const key = await newKey(2);
      const answers = [await models(here, key), await models(here, key), await models(here, key)];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
      for (const [i, { headers }] of answers.entries()) {
        expect(headers['ratelimit-policy']).toBe(`"key";q=2;w=60, "tenant";q=${perTenant};w=60`);
        const parts = /^"key";r=(\d+);t=(\d+), "tenant";r=(\d+);t=(\d+)$/.exec(String(headers.ratelimit));
        const [left, seconds, ofTenant] = (parts ?? []).slice(1).map(Number);
        expect(left).toBe(Math.max(0, 1 - i));
        expect(seconds).toBeGreaterThan(0);
        expect(seconds).toBeLessThanOrEqual(65);
        expect(ofTenant).toBe(perTenant - Math.min(2, i + 1));
        if (i === 2) expect(Number(headers['retry-after'])).toBe(seconds);
        else expect(headers['retry-after']).toBeUndefined();
      }
    });

    it('is told so with errors of every kind and with streams; who has none is told nothing', async () => {
      const key = await newKey(100);
      const body = { model: 'rehearsal', messages: [user('Hello')] };
      const answers = [
        await ask(here, '/nowhere', { key }),
        await ask(here, '/v1/chat/completions', { key, body: {} }),
        await ask(here, '/v1/tenants', { key }),
        await ask(here, '/v1/chat/completions', { key, body }),
        await ask(here, '/v1/chat/completions', { key, body: { ...body, stream: true } }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([404, 400, 403, 200, 200]);
      const [stray, ...known] = answers;
      for (const { headers } of known) expect(headers.ratelimit).toMatch(/^"key";r=\d+;t=\d+/);
      // A path that nobody knows is not looked up for anybody.
      expect(stray?.headers.ratelimit).toBeUndefined();
      for (const path of ['/v1/models', '/health'])
        expect((await ask(here, path)).headers['ratelimit-policy']).toBeUndefined();
    });
  });

  it('all keys of a tenant together get no more than the tenant may, and another tenant is not held by it', async () => {
    const { id } = await newTenant();
    const keys = [await newKey(1_000, id), await newKey(1_000, id), await newKey(1_000, id)];
    const answers = await Promise.all(
      Array.from({ length: perTenant + 60 }, (_, i) =>
        models(i % 2 === 0 ? here : there, keys[i % 3], `127.0.2.${(i % 50) + 1}`),
      ),
    );
    expect(statuses(answers, 200).length).toBeLessThanOrEqual(perTenant);
    expect(statuses(answers, 200).length).toBeGreaterThanOrEqual(perTenant - 8);
    const [refused] = statuses(answers, 429);
    expect(refused?.text).toContain(`This tenant may make ${perTenant} requests a minute.`);
    expect((await models(here, await newKey(10))).status).toBe(200);
  });

  describe('an address', () => {
    it('without a valid credential is refused for the rest of its window, also with one then; others are served', async () => {
      const key = await newKey(1_000);
      const [from, other] = ['127.0.3.1', '127.0.3.2'];
      const ways = [
        () => models(here, undefined, from),
        () => models(here, `vk_live_${'0'.repeat(49)}`, from),
        () => ask(here, '/nowhere', { from }),
        () => ask(here, '/health', { from }),
      ];
      const answers: Answer[] = [];
      for (let i = 0; i < anonymousPerAddress + 10; i++) {
        const answer = await ways[i % ways.length]?.();
        if (answer) answers.push(answer);
      }
      expect(answers.slice(0, anonymousPerAddress).every(({ status }) => status !== 429)).toBe(true);
      for (const { status, headers } of answers.slice(anonymousPerAddress)) {
        expect(status).toBe(429);
        expect(Number(headers['retry-after'])).toBeGreaterThan(0);
        expect(Number(headers['retry-after'])).toBeLessThanOrEqual(300);
      }
      expect((await models(here, key, from)).status).toBe(429);
      expect((await models(here, key, other)).status).toBe(200);
    });

    it('with valid ones does not use up what it may without, and has a ceiling of its own', async () => {
      const from = '127.0.3.3';
      const keys = await Promise.all([newKey(1_000), newKey(1_000), newKey(1_000)]);
      const answers: Answer[] = [];
      for (let i = 0; i < authenticatedPerAddress; i++) answers.push(await models(here, keys[i % 3], from));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const beyond = await models(here, keys[0], from);
      expect(beyond.status).toBe(429);
      expect(beyond.text).toContain('Too many authenticated requests from this address.');
      expect((await models(here, undefined, from)).status).toBe(401);
      expect((await models(here, keys[0], '127.0.3.4')).status).toBe(200);
    });
  });

  it('one that loses the database refuses what it cannot count, and goes on when it is back', async () => {
    const key = await newKey(100);
    expect((await models(there, key)).status).toBe(200);
    two.proxy.begin('refuse', /^vallum$/);
    const unavailable = async (): Promise<boolean> => {
      const { status } = await models(there, key);
      // What it had leased before it may use; that is over with its slot.
      expect([200, 503]).toContain(status);
      return status === 503;
    };
    await expect.poll(unavailable, { timeout: 20_000, interval: 200 }).toBe(true);
    two.proxy.heal();
    await expect.poll(async () => (await models(there, key)).status, { timeout: 20_000 }).toBe(200);
  });
});
