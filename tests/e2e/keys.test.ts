import { apiKey, mintedKey, mintedToken, page } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey, makeService } from '../support/administer.ts';
import { type Answer, ask } from '../support/ask.ts';
import { eventually } from '../support/eventually.ts';
import { user } from '../support/openai-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* API keys over their life, and the credentials that are made from them for some minutes, as administrators and applications use them. */

let vallum: Vallum;
let admin: string;
beforeAll(async () => {
  vallum = await startVallum();
  admin = (await makeKey(vallum, { scopes: ['vallum:admin', 'vallum:read', 'vallum:write'] })).key;
});
afterAll(() => vallum?.remove());

const chat = (key: string): Promise<Answer> =>
  ask(vallum, '/v1/chat/completions', { key, body: { model: 'rehearsal', messages: [user('Hello')] } });
const statusOf = async (key: string): Promise<number> => (await chat(key)).status;
const administer = (method: string, path: string, body?: object): Promise<Answer> =>
  ask(vallum, path, { method, key: admin, ...(body && { body }) });
async function listed(id: string) {
  const { data } = page(apiKey).parse((await administer('GET', '/v1/keys?limit=200')).json());
  return data.find((key) => key.id === id);
}

interface Change {
  readonly type: string;
  readonly before?: object;
  readonly after?: object;
}

async function changeAfter(intent: number, request: string): Promise<Change | undefined> {
  for (let index = intent + 1; index < intent + 6; index++) {
    const { status, text } = await administer('GET', `/v1/ledger/entries/${index}/opening`);
    if (status !== 200) continue;
    const { entry } = JSON.parse(text) as { entry: { request?: string; change?: Change } };
    if (entry.request === request && entry.change) return entry.change;
  }
  return undefined;
}

/** What these exchanges changed, by the entries that follow their intents, as who may open them reads them. */
async function changesOf(...answers: readonly Answer[]): Promise<Change[]> {
  const changes: Change[] = [];
  for (const { headers } of answers) {
    const intent = Number(headers['x-vallum-ledger-index']);
    const request = String(headers['x-vallum-request-id']);
    changes.push(await eventually('its change is in the log', () => changeAfter(intent, request)));
  }
  return changes;
}

describe('a key', () => {
  it('says when it was last used, to the minute, also when the server is stopped right after', async () => {
    const { id, key } = await makeKey(vallum);
    expect(await listed(id)).toMatchObject({ last_used_at: null, rotated_from: null, revoked_at: null });
    const before = Date.now();
    expect(await statusOf(key)).toBe(200);
    await vallum.stop();
    await vallum.start();
    const { last_used_at: used, created_at: created, rotation_due_at: due } = (await listed(id)) ?? {};
    expect(Date.parse(used ?? '')).toBeGreaterThanOrEqual(before);
    expect(Date.parse(due ?? '') - Date.parse(created ?? '')).toBe(180 * 24 * 3_600_000);
  });

  it('that ends before it is old needs no rotation', async () => {
    const { id } = await makeKey(vallum, { expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    expect(await listed(id)).toMatchObject({ rotation_due_at: null });
    const { text } = await ask(vallum, '/metrics', { key: admin });
    expect(text).toMatch(/^vallum_api_keys_rotation_due 0$/m);
  });

  it('is renamed, slowed down and bound to addresses, which is felt at once and on record with what was before', async () => {
    const { id, key } = await makeKey(vallum);
    expect(await statusOf(key)).toBe(200);
    const body = { name: 'bound', rate_per_minute: 5, allowed_addresses: ['10.0.0.0/8', '2001:db8::/32'] };
    const changed = await administer('PATCH', `/v1/keys/${id}`, body);
    expect(apiKey.parse(changed.json())).toMatchObject(body);
    await expect.poll(() => statusOf(key), { timeout: 10_000 }).toBe(401);
    const opened = await administer('PATCH', `/v1/keys/${id}`, { allowed_addresses: ['127.0.0.1'] });
    expect(opened.json()).toMatchObject({ name: 'bound', rate_per_minute: 5 });
    await expect.poll(() => statusOf(key), { timeout: 10_000 }).toBe(200);
    expect(await changesOf(changed, opened)).toMatchObject([
      {
        type: 'key.changed',
        before: { allowed_addresses: [], rate_per_minute: 1_000_000 },
        after: { allowed_addresses: ['10.0.0.0/8', '2001:db8::/32'], rate_per_minute: 5 },
      },
      { type: 'key.changed', after: { allowed_addresses: ['127.0.0.1'], rate_per_minute: 5 } },
    ]);
  });

  it('is changed in nothing by a change that is none', async () => {
    const { id } = await makeKey(vallum);
    for (const body of [
      {},
      { scopes: ['vallum:admin'] },
      { name: '' },
      { allowed_addresses: ['x'] },
      { rate_per_minute: 0 },
    ])
      expect((await administer('PATCH', `/v1/keys/${id}`, body)).status).toBe(400);
    expect(await listed(id)).toMatchObject({ name: 'a test', allowed_addresses: [] });
  });
});

describe('a rotation', () => {
  it('leaves both keys good during the overlap, and then the new one alone', async () => {
    const { id, key } = await makeKey(vallum, { name: 'an application' });
    const answer = await administer('POST', `/v1/keys/${id}/rotate`, {});
    expect(answer.status).toBe(201);
    const next = mintedKey.parse(answer.json());
    expect(next).toMatchObject({ name: 'an application', rotated_from: id, expires_at: null });
    expect([await statusOf(key), await statusOf(next.key)]).toEqual([200, 200]);
    const inADay = Date.parse((await listed(id))?.expires_at ?? '') - Date.now();
    expect(inADay).toBeGreaterThan(23 * 3_600_000);
    expect(inADay).toBeLessThanOrEqual(24 * 3_600_000);

    const at = await administer('POST', `/v1/keys/${next.id}/rotate`, { overlap_hours: 0 });
    const last = mintedKey.parse(at.json());
    await expect.poll(() => statusOf(next.key), { timeout: 10_000 }).toBe(401);
    expect(await statusOf(last.key)).toBe(200);
    expect((await administer('POST', `/v1/keys/${next.id}/rotate`, {})).status).toBe(409);
    expect((await administer('PATCH', `/v1/keys/${next.id}`, { name: 'x' })).status).toBe(409);
    expect(await changesOf(answer, at)).toMatchObject([
      { type: 'key.rotated', before: { id }, after: { id: next.id } },
      { type: 'key.rotated', before: { id: next.id }, after: { id: last.id } },
    ]);
  });

  it.each([{ overlap_hours: 169 }, { overlap_hours: -1 }, { overlap_hours: 1.5 }, { hours: 1 }])(
    'has an overlap of a week at most: %j',
    async (body) => {
      const { id } = await makeKey(vallum);
      expect((await administer('POST', `/v1/keys/${id}/rotate`, body)).status).toBe(400);
      expect(await listed(id)).toMatchObject({ expires_at: null });
    },
  );

  it('of one’s own key gives the answer that has the new one, though the old one ends by it', async () => {
    const own = await makeKey(vallum, { scopes: ['vallum:admin'] });
    const answer = await ask(vallum, `/v1/keys/${own.id}/rotate`, {
      key: own.key,
      body: { overlap_hours: 0 },
    });
    const { key } = mintedKey.parse(answer.json());
    expect((await ask(vallum, '/v1/keys', { key })).status).toBe(200);
    await expect
      .poll(async () => (await ask(vallum, '/v1/keys', { key: own.key })).status, { timeout: 10_000 })
      .toBe(401);
  });
});

describe('a key of a service account', () => {
  it('speaks for the account: with its roles, under its name on record, and until it is disabled', async () => {
    const service = await makeService(vallum, { name: 'nightly report' });
    const made = await administer('POST', '/v1/keys', { name: 'nightly', service: service.id });
    const { key, ...rest } = mintedKey.parse(made.json());
    expect(rest).toMatchObject({ service: service.id, scopes: [] });
    expect(await statusOf(key)).toBe(403);
    await administer('POST', `/v1/services/${service.id}/roles`, { role: 'agent' });
    await expect.poll(() => statusOf(key), { timeout: 10_000 }).toBe(200);
    const { data } = (await administer('GET', '/v1/requests?limit=20')).json<{
      data: { principal: { type: string; id: string } }[];
    }>();
    expect(data.map(({ principal }) => principal)).toContainEqual({ type: 'service', id: service.id });
    await administer('PATCH', `/v1/services/${service.id}`, { disabled: true });
    await expect.poll(() => statusOf(key), { timeout: 10_000 }).toBe(401);
    expect((await administer('POST', '/v1/keys', { name: 'x', service: service.id })).status).toBe(404);
  });

  it('needs an account, or scopes of its own', async () => {
    expect((await administer('POST', '/v1/keys', { name: 'x' })).status).toBe(400);
    const nobody = 'svc_01890a5d-ac96-774b-bcce-b302099a8057';
    expect((await administer('POST', '/v1/keys', { name: 'x', service: nobody })).status).toBe(404);
  });
});

describe('a short-lived credential', () => {
  it('opens what it is for, as its principal, for a quarter of an hour at most, and is on record before it is there', async () => {
    const { id, key } = await makeKey(vallum, { scopes: ['vallum:read', 'models:invoke'] });
    const body = { scopes: ['models:invoke'], ttl_seconds: 900, run: 'run-1' };
    const answer = await ask(vallum, '/v1/tokens', { key, body });
    expect(answer.status).toBe(201);
    const made = mintedToken.parse(answer.json());
    expect(made).toMatchObject({ scopes: ['models:invoke'], run: 'run-1' });
    expect(made.token).toMatch(/^vt_/);
    const lasts = Date.parse(made.expires_at) - Date.now();
    expect(lasts).toBeLessThanOrEqual(900_000);
    expect(lasts).toBeGreaterThan(800_000);
    expect(await statusOf(made.token)).toBe(200);
    expect((await ask(vallum, '/v1/requests', { key: made.token })).status).toBe(403);
    const { data } = (await administer('GET', '/v1/requests?limit=10')).json<{
      data: { principal: { id: string }; route?: string }[];
    }>();
    expect(data.filter(({ principal }) => principal.id === id)).not.toEqual([]);
    const ended = await ask(vallum, `/v1/tokens/${made.id}`, { method: 'DELETE', key });
    expect(ended.json()).toMatchObject({ id: made.id, run: 'run-1' });
    await expect.poll(() => statusOf(made.token), { timeout: 10_000 }).toBe(401);
    expect(await changesOf(answer, ended)).toMatchObject([
      { type: 'token.made', after: { from: id, id: made.id } },
      { type: 'token.revoked', before: { id: made.id } },
    ]);
    expect(await statusOf(key)).toBe(200);
  });
});
