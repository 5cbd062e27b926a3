import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { crc32 } from 'node:zlib';
import { assignment, mintedKey, mintedToken } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey, makeService, makeTenant, revokeKey } from '../support/administer.ts';
import { type Answer, ask } from '../support/ask.ts';
import { logLines } from '../support/log-lines.ts';
import { normalised } from '../support/normalised.ts';
import { user } from '../support/openai-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* Who has got hold of a key, or of what was made from one: what it opens from elsewhere, after its end, beyond its scopes and outside of its run, and what is learnt by trying. */

let vallum: Vallum;
beforeAll(async () => {
  vallum = await startVallum({ settings: { limits: { anonymous_per_address: 1_000_000 } } });
});
afterAll(() => vallum?.remove());

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A text of the right form, checksum included, that nobody was given. */
function invented(prefix: string): string {
  const body = prefix + Array.from(randomBytes(43), (byte) => digits[byte % 62]).join('');
  let checksum = '';
  for (let rest = crc32(body), i = 0; i < 6; i += 1, rest = Math.floor(rest / 62))
    checksum = (digits[rest % 62] ?? '') + checksum;
  return body + checksum;
}

const list = (key: string, more: { from?: string; headers?: Record<string, string> } = {}): Promise<Answer> =>
  ask(vallum, '/v1/models', { key, ...more });
const chat = (key: string, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(vallum, '/v1/chat/completions', {
    key,
    headers,
    body: { model: 'rehearsal', messages: [user('Hello')] },
  });
const administer = (path: string, body: object, method = 'POST'): Promise<Answer> =>
  ask(vallum, path, { method, key: vallum.secrets.adminKey, body });
const exchange = (key: string, body: object): Promise<Answer> => ask(vallum, '/v1/tokens', { key, body });
const newToken = async (key: string, body: object) => mintedToken.parse((await exchange(key, body)).json());

async function boundKey(allowed: readonly string[]) {
  const body = {
    name: 'bound',
    scopes: ['vallum:read', 'models:invoke'],
    rate_per_minute: 1_000_000,
    allowed_addresses: allowed,
  };
  return mintedKey.parse((await administer('/v1/keys', body)).json());
}

describe('a key from an address that it does not allow', () => {
  it('is answered byte for byte as one that was never given, also while it is believed; and so is what was made from it', async () => {
    const { key } = await boundKey(['127.0.0.2', '2001:db8::/32']);
    const good = await ask(vallum, '/v1/tokens', {
      key,
      from: '127.0.0.2',
      body: { scopes: ['models:invoke'] },
    });
    const { token } = mintedToken.parse(good.json());
    for (const [text, prefix] of [
      [key, 'vk_live_'],
      [token, 'vt_'],
    ] as const) {
      const wrong = normalised(await list(invented(prefix)));
      for (let i = 0; i < 2; i++) {
        expect((await list(text, { from: '127.0.0.2' })).status).toBe(200);
        for (const from of ['127.0.0.1', '127.0.0.3'])
          expect(normalised(await list(text, { from }))).toBe(wrong);
      }
    }
  });

  it('is not helped by a header that names another address', async () => {
    const { key } = await boundKey(['127.0.0.2']);
    for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-client-ip', 'true-client-ip'])
      for (const value of ['127.0.0.2', 'for=127.0.0.2'])
        expect((await list(key, { headers: { [name]: value } })).status).toBe(401);
  });

  it('is told of in the log, with its tenant and without the address or the key', async () => {
    const { key, tenant } = await boundKey(['127.0.0.2']);
    await list(key, { from: '127.0.0.77' });
    const lines = logLines(vallum.output.stdout).filter(({ event }) =>
      String(event).includes('does not allow'),
    );
    expect(lines.length).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({ level: 'warn', tenant });
    for (const secret of ['127.0.0.77', key, key.slice(0, 20)])
      expect(vallum.output.stdout).not.toContain(secret);
  });

  it.each([['10.0.0.7/8'], ['10.0.0.0/33'], ['localhost'], ['10.0.0.0/8, ::1'], ['']])(
    'cannot come from a list that means something else: %s',
    async (network) => {
      const body = { name: 'x', scopes: ['vallum:read'], allowed_addresses: [network] };
      const answer = await administer('/v1/keys', body);
      expect(answer.status).toBe(400);
      expect(answer.text).toContain('allowed_addresses');
    },
  );
});

describe('a short-lived credential that does not open', () => {
  it('is answered byte for byte like any other that does not: nobody learns that it ever did, or why it does not', async () => {
    const { key, ...made } = await makeKey(vallum);
    const [revoked, orphan, expiring] = [
      await newToken(key, { scopes: ['models:invoke'] }),
      await newToken(key, { scopes: ['models:invoke'] }),
      await newToken(vallum.secrets.apiKey, { scopes: ['models:invoke'], ttl_seconds: 1 }),
    ];
    expect((await list(revoked.token)).status).toBe(200);
    expect((await list(orphan.token)).status).toBe(200);
    expect((await ask(vallum, `/v1/tokens/${revoked.id}`, { method: 'DELETE', key })).status).toBe(200);
    await revokeKey(vallum, made);
    await expect.poll(async () => (await list(expiring.token)).status, { timeout: 20_000 }).toBe(401);
    const expected = normalised(await list(invented('vt_')));
    expect(expected).toContain('HTTP 401');
    const texts = {
      revoked: revoked.token,
      'made from a revoked key': orphan.token,
      expired: expiring.token,
      invented: invented('vt_'),
    };
    for (const [which, text] of Object.entries(texts))
      for (let i = 0; i < 2; i++)
        expect({ which, answer: normalised(await list(text)) }).toEqual({ which, answer: expected });
  });
});

describe('an exchange', () => {
  it.each([
    ['more than it may', ['vallum:read'], ['vallum:admin']],
    ['one more', ['vallum:read'], ['vallum:read', 'models:invoke']],
    ['what only sounds alike', ['models:invoke'], ['vallum:write', 'vallum:read']],
  ])('gives nobody %s', async (_, scopes, wanted) => {
    const { key } = await makeKey(vallum, { scopes });
    const answer = await exchange(key, { scopes: wanted });
    expect([answer.status, answer.json().code]).toEqual([403, 'policy-denied']);
    expect(answer.text).not.toContain('vt_');
    const { token } = await newToken(key, { scopes });
    expect((await exchange(token, { scopes: wanted })).status).toBe(403);
  });

  it('gives what can do no more than it says: no keys, nothing of an administrator’s', async () => {
    const { token } = await newToken(vallum.secrets.adminKey, { scopes: ['vallum:read'] });
    expect((await list(token)).status).toBe(200);
    for (const path of ['/v1/keys', '/v1/tenants', '/v1/services'])
      expect((await ask(vallum, path, { key: token })).status).toBe(403);
    const body = { name: 'x', scopes: ['vallum:read'] };
    expect((await ask(vallum, '/v1/keys', { key: token, body })).status).toBe(403);
  });

  it('never makes a life longer: not by asking, and not by exchanging again', async () => {
    const asked = { scopes: ['models:invoke'] };
    for (const ttl of [901, 0, -1, 1.5, '900', 1e9])
      expect((await exchange(vallum.secrets.apiKey, { ...asked, ttl_seconds: ttl })).status).toBe(400);
    const first = await newToken(vallum.secrets.apiKey, { ...asked, ttl_seconds: 30 });
    const second = await newToken(first.token, { ...asked, ttl_seconds: 900 });
    expect(Date.parse(second.expires_at)).toBe(Date.parse(first.expires_at));
    const soon = new Date(Date.now() + 60_000).toISOString();
    const { key } = await makeKey(vallum, { expiresAt: soon });
    expect((await newToken(key, asked)).expires_at).toBe(soon);
  });

  it('is not a chain without end', async () => {
    let { token } = await newToken(vallum.secrets.apiKey, { scopes: ['models:invoke'] });
    for (let i = 0; i < 8; i++) ({ token } = await newToken(token, { scopes: ['models:invoke'] }));
    expect((await exchange(token, { scopes: ['models:invoke'] })).status).toBe(409);
    expect((await chat(token)).status).toBe(200);
  });

  it('ends with each that it was made from, which only its holder and who may revoke keys can end', async () => {
    const { key } = await makeKey(vallum);
    const stranger = await makeKey(vallum);
    const first = await newToken(key, { scopes: ['models:invoke'] });
    const second = await newToken(first.token, { scopes: ['models:invoke'] });
    const end = async (id: string, by: string, query = ''): Promise<number> =>
      (await ask(vallum, `/v1/tokens/${id}${query}`, { method: 'DELETE', key: by })).status;
    // The child has no say over what it was made from, and others have none over either.
    expect(await end(first.id, second.token)).toBe(404);
    expect(await end(first.id, stranger.key)).toBe(404);
    const { id: elsewhere } = await makeTenant(vallum, 'elsewhere');
    const foreign = await makeKey(vallum, { tenant: elsewhere });
    expect(await end(first.id, foreign.key)).toBe(404);
    expect(await end(first.id, foreign.key, `?tenant=${first.id.replace('tok_', 'tnt_')}`)).toBe(404);
    expect((await list(second.token)).status).toBe(200);
    expect(await end(first.id, vallum.secrets.adminKey)).toBe(200);
    for (const { token } of [first, second])
      await expect.poll(async () => (await list(token)).status, { timeout: 10_000 }).toBe(401);
    expect((await list(key)).status).toBe(200);
  });

  it('says that it needs a session where it is told so and there is none', async () => {
    const answer = await exchange(vallum.secrets.apiKey, { scopes: ['models:invoke'], session: true });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('body.session');
  });
});

describe('a credential for a run', () => {
  it('is none for another one, nor for what is made from it', async () => {
    const { token } = await newToken(vallum.secrets.apiKey, { scopes: ['models:invoke'], run: 'run-1' });
    expect((await chat(token)).status).toBe(200);
    expect((await chat(token, { 'x-vallum-run': 'run-1' })).status).toBe(200);
    for (const run of ['run-2', 'RUN-1', 'run-1, run-2', ''])
      expect((await chat(token, { 'x-vallum-run': run })).status).toBe(401);
    expect((await exchange(token, { scopes: ['models:invoke'], run: 'run-2' })).status).toBe(403);
    const child = await newToken(token, { scopes: ['models:invoke'] });
    expect(child.run).toBe('run-1');
    expect((await chat(child.token, { 'x-vallum-run': 'run-2' })).status).toBe(401);
  });

  it('names it in no line of the log, and not in the clear in the ledger', async () => {
    const run = `patient-${randomBytes(6).toString('hex')}`;
    await newToken(vallum.secrets.apiKey, { scopes: ['models:invoke'], run });
    expect(vallum.output.stdout).not.toContain(run);
  });
});

describe('a rotation', () => {
  it('gives nobody the text of a key that may do more than they', async () => {
    const service = await makeService(vallum, { name: 'runs the platform' });
    const role = await administer(`/v1/services/${service.id}/roles`, { role: 'platform-engineer' });
    assignment.parse(role.json());
    const made = await administer('/v1/keys', {
      name: 'platform',
      service: service.id,
      rate_per_minute: 10_000,
    });
    const { key } = mintedKey.parse(made.json());
    const strong = await makeKey(vallum, { scopes: ['vallum:admin'] });
    const weak = await makeKey(vallum, { scopes: ['models:invoke'] });
    const rotate = (id: string) => ask(vallum, `/v1/keys/${id}/rotate`, { key, body: {} });
    const refused = await rotate(strong.id);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain('vk_live_');
    const rotated = mintedKey.parse((await rotate(weak.id)).json());
    expect(rotated).toMatchObject({ rotated_from: weak.id, scopes: ['models:invoke'] });
    expect((await list(strong.key)).status).toBe(403);
    expect((await list(weak.key)).status).toBe(200);
  });

  it('nor speaks for a service account that may do more', async () => {
    const [low, high] = [
      await makeService(vallum, { name: 'low' }),
      await makeService(vallum, { name: 'high' }),
    ];
    await administer(`/v1/services/${low.id}/roles`, { role: 'platform-engineer' });
    await administer(`/v1/services/${high.id}/roles`, { role: 'owner' });
    const keyOf = async (service: string) =>
      mintedKey.parse((await administer('/v1/keys', { name: 'x', service })).json());
    const [mine, theirs] = [await keyOf(low.id), await keyOf(high.id)];
    const body = { name: 'x', service: high.id };
    expect((await ask(vallum, '/v1/keys', { key: mine.key, body })).status).toBe(403);
    expect((await ask(vallum, `/v1/keys/${theirs.id}/rotate`, { key: mine.key, body: {} })).status).toBe(403);
  });
});

describe('a key that is revoked while its request is on its way', () => {
  it('does nothing by what comes after: a thief who keeps a request open has nothing to wait for', async () => {
    const admin = await makeKey(vallum, { scopes: ['vallum:admin', 'vallum:read'] });
    const body = JSON.stringify({ name: 'kept open', scopes: ['vallum:read'] });
    const { hostname, port } = new URL(vallum.url);
    const socket = connect({ host: hostname, port: Number(port) });
    let said = '';
    socket.setEncoding('latin1').on('data', (text) => {
      said += text;
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(
      `POST /v1/keys HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${admin.key}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    );
    // It has been let in when the key is known to have been used.
    await expect
      .poll(
        async () => {
          const { data } = (await ask(vallum, '/v1/keys?limit=200', { key: vallum.secrets.adminKey })).json<{
            data: { id: string; last_used_at: string | null }[];
          }>();
          return data.find(({ id }) => id === admin.id)?.last_used_at;
        },
        { timeout: 25_000, interval: 500 },
      )
      .toBeTypeOf('string');
    await revokeKey(vallum, admin);
    socket.write(body.slice(10));
    await closed;
    expect(said).toMatch(/^HTTP\/1\.1 401 /);
    expect(said).not.toContain('vk_live_');
  });
});
