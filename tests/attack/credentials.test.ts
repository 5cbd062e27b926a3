import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey, revokeKey } from '../support/administer.ts';
import { type Answer, ask } from '../support/ask.ts';
import { normalised } from '../support/normalised.ts';
import { user } from '../support/openai-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* Who tries keys learns nothing but that this one does not open: not whether it was ever one, whose, or why it is none now. */

let vallum: Vallum;
beforeAll(async () => {
  vallum = await startVallum();
});
afterAll(() => vallum?.remove());

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A key of the right form, checksum included, that nobody was given. */
function inventedKey(prefix: string): string {
  const body = prefix + Array.from(randomBytes(43), (byte) => digits[byte % 62]).join('');
  let checksum = '';
  for (let rest = crc32(body), i = 0; i < 6; i += 1, rest = Math.floor(rest / 62))
    checksum = (digits[rest % 62] ?? '') + checksum;
  return body + checksum;
}

const call = (key: string, header = 'authorization'): Promise<Answer> =>
  ask(vallum, '/v1/chat/completions', {
    headers: { [header]: header === 'authorization' ? `Bearer ${key}` : key },
    body: { model: 'rehearsal', messages: [user('Hello')] },
  });

describe('a key that does not open', () => {
  it('is answered byte for byte like any other that does not, also when it once did, and again at a second try', async () => {
    const revoked = await makeKey(vallum);
    expect((await call(revoked.key)).status).toBe(200);
    await revokeKey(vallum, revoked);
    const neverUsed = await makeKey(vallum);
    await revokeKey(vallum, neverUsed);
    const expiring = await makeKey(vallum, { expiresAt: new Date(Date.now() + 5_000).toISOString() });
    await expect.poll(async () => (await call(expiring.key)).status, { timeout: 20_000 }).toBe(401);

    const good = vallum.secrets.apiKey;
    const keys: Readonly<Record<string, string>> = {
      revoked: revoked.key,
      'revoked before it was used': neverUsed.key,
      expired: expiring.key,
      invented: inventedKey('vk_live_'),
      'invented, of another environment': inventedKey('vk_test_'),
      'a good one with a letter changed': good.slice(0, 20) + (good[20] === 'a' ? 'b' : 'a') + good.slice(21),
      'a good one in another environment': good.replace('vk_live_', 'vk_test_'),
      'a good one cut short': good.slice(0, -1),
      'a good one in capitals': good.toUpperCase(),
      'of another product': 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789',
      'very long': 'vk_live_'.repeat(500),
    };
    const expected = normalised(await call(inventedKey('vk_live_')));
    expect(expected).toContain('HTTP 401');
    for (const [which, key] of Object.entries(keys))
      for (const header of ['authorization', 'authorization', 'x-api-key', 'api-key'])
        expect({ which, header, answer: normalised(await call(key, header)) }).toEqual({
          which,
          header,
          answer: expected,
        });
  });

  it('and nothing that is known of it is said either', async () => {
    const made = await makeKey(vallum, { name: 'the name of a revoked key' });
    await revokeKey(vallum, made);
    const { text, rawHeaders } = await call(made.key);
    for (const secret of [made.key, made.id, made.tenant, made.name, made.hint])
      expect(text + rawHeaders.join()).not.toContain(secret);
  });

  it('is told from none at all by the words alone, which say what to send', async () => {
    const { status, headers, text } = await ask(vallum, '/v1/models');
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer realm="vallum"');
    expect(text).toContain('Authorization: Bearer vk_');
  });

  it.each([
    ['Basic', (key: string) => `Basic ${Buffer.from(`${key}:`).toString('base64')}`],
    ['no scheme', (key: string) => key],
    ['two keys', (key: string) => `Bearer ${key} ${key}`],
    ['a comma', (key: string) => `Bearer ${key}, Bearer ${key}`],
    ['nothing after the scheme', () => 'Bearer '],
  ])('is a good one sent in a wrong way: %s', async (_, value) => {
    const headers = { authorization: value(vallum.secrets.apiKey) };
    expect((await ask(vallum, '/v1/models', { headers })).status).toBe(401);
  });

  it.each(['/v1/models?api_key=', '/v1/models?key=', '/v1/models?access_token='])(
    'is a good one in the address, where logs and histories would keep it: %s',
    async (path) => {
      expect((await ask(vallum, path + vallum.secrets.apiKey)).status).toBe(401);
    },
  );
});

describe('a revocation', () => {
  it('is felt by the next call, also of a key that is in use', async () => {
    const { key, ...made } = await makeKey(vallum);
    for (let i = 0; i < 5; i += 1) expect((await call(key)).status).toBe(200);
    await revokeKey(vallum, made);
    await expect.poll(async () => (await call(key)).status, { timeout: 20_000 }).toBe(401);
    expect((await call(key)).status).toBe(401);
  });

  it('needs the right to it: an application revokes nobody, not itself and not the administrator', async () => {
    const { key, id } = await makeKey(vallum);
    const admin = (await ask(vallum, '/v1/keys', { key: vallum.secrets.adminKey })).json<{
      data: { id: string; name: string }[];
    }>();
    const adminId = admin.data.find(({ name }) => name === 'first administrator')?.id;
    for (const victim of [id, adminId])
      expect((await ask(vallum, `/v1/keys/${victim}`, { method: 'DELETE', key })).status).toBe(403);
    expect((await ask(vallum, '/v1/tenants', { key: vallum.secrets.adminKey })).status).toBe(200);
  });

  it('and a new key never has more than was asked for: scopes are not made up', async () => {
    const { adminKey } = vallum.secrets;
    for (const scopes of [['vallum:everything'], ['*'], [], ['vallum:read', 7], 'vallum:admin'])
      expect((await ask(vallum, '/v1/keys', { key: adminKey, body: { name: 'x', scopes } })).status).toBe(
        400,
      );
  });
});
