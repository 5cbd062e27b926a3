import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { mintedToken, page, requestRecord } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey, makeTenant } from '../support/administer.ts';
import { type Answer, ask } from '../support/ask.ts';
import { logLines } from '../support/log-lines.ts';
import { openaiClient, user } from '../support/openai-client.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { newFolder, startVallum, type Vallum } from '../support/vallum.ts';

/* People and programs that an outside issuer knows, as callers: what their tokens open, whose they are in the ledger, and what they do not open. */

const audience = 'https://vallum.example.org';

let vallum: Vallum;
/** Speaks for one tenant, by a fixed setting. */
let people: TokenIssuer;
/** Speaks for another, which its tokens name. */
let programs: TokenIssuer;
let gone: TokenIssuer;
const issuers: TokenIssuer[] = [];

beforeAll(async () => {
  [people, programs, gone] = await Promise.all([
    startTokenIssuer(audience, 'RS256'),
    startTokenIssuer(audience, 'EdDSA'),
    startTokenIssuer(audience),
  ]);
  issuers.push(people, programs);
  await gone.close();
  const folder = newFolder();
  vallum = await startVallum({ folder });
  const [amber, birch] = [await makeTenant(vallum, 'amber'), await makeTenant(vallum, 'birch')];
  const settingsOf = (issuer: TokenIssuer, more: object) => ({
    issuer: issuer.url,
    audience,
    jwks_uri: issuer.keysUrl,
    scopes: ['models:invoke', 'vallum:read'],
    rate_per_minute: 1_000_000,
    ...more,
  });
  // Tenants have ids only now, and settings are read at a start.
  await vallum.stop();
  const settings = {
    identity: {
      issuers: [
        settingsOf(people, { tenant: amber.id }),
        settingsOf(programs, { tenant_claim: 'team', tenants: { birch: birch.id }, principal: 'agent' }),
        settingsOf(gone, { tenant: amber.id }),
      ],
    },
  };
  writeFileSync(path.join(folder, 'vallum.yaml'), JSON.stringify(settings));
  await vallum.start();
});
afterAll(async () => {
  await vallum?.remove();
  await Promise.all(issuers.map((issuer) => issuer.close()));
});

const body = { model: 'rehearsal', messages: [user('Hello')] };
const chat = (key: string): Promise<Answer> => ask(vallum, '/v1/chat/completions', { key, body });
const program = (claims: object = {}) => programs.token({ team: 'birch', sub: 'nightly-report', ...claims });

describe('a token of an issuer that is configured', () => {
  it('is a credential for the official client, which sends it as it sends keys', async () => {
    const client = openaiClient(vallum, await people.token());
    const { choices } = await client.chat.completions.create(body);
    expect(choices[0]?.message.content).toContain('Hello');
  });

  it('is verified with keys that are asked for once, however many calls there are', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => people.token({ jti: String(i) })));
    const answers = await Promise.all([...tokens, ...tokens].map(chat));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(people.asked).toBe(1);
  });

  it('names its principal in the ledger by an id, and whom the issuer means in what opens the entry', async () => {
    const [key, other] = [await people.token(), await people.token({ sub: 'joe@example.org' })];
    const [answer, second, third] = [
      await chat(key),
      await chat(await people.token({ jti: 'x' })),
      await chat(other),
    ];
    const recordOf = async ({ headers }: Answer) =>
      requestRecord.parse(
        (await ask(vallum, `/v1/requests/${headers['x-vallum-request-id']}`, { key })).json(),
      );
    const record = await recordOf(answer);
    expect(record.principal).toMatchObject({
      type: 'user',
      id: expect.stringMatching(/^usr_[0-9a-f-]{36}$/),
    });
    expect((await recordOf(second)).principal).toEqual(record.principal);
    expect((await recordOf(third)).principal).not.toEqual(record.principal);

    const opening = (await ask(vallum, `/v1/ledger/entries/${record.ledger.intent_index}/opening`, { key }))
      .text;
    expect(JSON.parse(opening)).toMatchObject({ entry: { principal: record.principal } });
    const fields = JSON.parse(opening) as { fields: Record<string, { value: string }> };
    expect(JSON.parse(fields.fields.subject?.value ?? '')).toEqual({
      issuer: people.url,
      name: 'jane@example.org',
    });
  });

  it('makes a short-lived credential with less, which lasts no longer than it says itself', async () => {
    const key = await people.token();
    const { exp } = JSON.parse(Buffer.from(key.split('.')[1] ?? '', 'base64url').toString()) as {
      exp: number;
    };
    const made = mintedToken.parse(
      (await ask(vallum, '/v1/tokens', { key, body: { scopes: ['models:invoke'] } })).json(),
    );
    expect(Date.parse(made.expires_at)).toBe(exp * 1000);
    const answer = await chat(made.token);
    const place = `/v1/requests/${answer.headers['x-vallum-request-id']}`;
    const mine = requestRecord.parse((await ask(vallum, place, { key })).json());
    expect(mine.principal).toMatchObject({ type: 'user', id: expect.stringMatching(/^usr_/) });
    expect((await ask(vallum, place, { key: made.token })).status).toBe(403);
    const more = await ask(vallum, '/v1/tokens', { key, body: { scopes: ['vallum:admin'] } });
    expect(more.status).toBe(403);
  });

  it('acts as an agent where its issuer stands for agents', async () => {
    const key = await program();
    await chat(key);
    const { data } = page(requestRecord).parse((await ask(vallum, '/v1/requests', { key })).json());
    expect(data.at(-1)?.principal).toMatchObject({ type: 'agent', id: expect.stringMatching(/^agt_/) });
  });
});

describe("another tenant's token", () => {
  it('sees nothing of what is not its own, and changes nothing: what is there answers as what is not', async () => {
    const { headers } = await chat(await people.token());
    const key = await program();
    const place = `/v1/requests/${headers['x-vallum-request-id']}`;
    expect((await ask(vallum, place, { key: await people.token() })).status).toBe(200);
    expect((await ask(vallum, place, { key })).status).toBe(404);
    const opening = `/v1/ledger/entries/${headers['x-vallum-ledger-index']}/opening`;
    expect((await ask(vallum, opening, { key })).status).toBe(404);
  });

  it.each([['amber'], [''], ['__proto__'], [['birch']], [undefined]])(
    'that names a tenant for which its issuer does not speak (%j) is refused',
    async (team) => {
      expect((await chat(await program({ team }))).status).toBe(401);
    },
  );
});

describe('a token that is not accepted', () => {
  it('is answered in one way, whatever is wrong with it', async () => {
    const good = await people.token();
    const wrong = [
      await people.token({ aud: 'https://other.example' }),
      await people.token({ iss: programs.url, team: 'birch' }),
      await people.token({ iss: 'https://evil.example' }),
      `${good.slice(0, -4)}AAAA`,
      `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${good.split('.')[1]}.AA`,
      'a.b.c',
    ];
    const answers = await Promise.all(wrong.map(chat));
    for (const { status, headers, text } of answers) {
      expect(status).toBe(401);
      expect(headers['www-authenticate']).toBe('Bearer realm="vallum", error="invalid_token"');
      expect(JSON.parse(text)).toMatchObject({
        error: { code: 'not-authenticated', message: 'No valid credential: This is not a valid token.' },
      });
    }
  });

  it('gets no more than its issuer may give, whatever it says it has', async () => {
    const key = await people.token({ scope: 'vallum:admin vallum:write vallum:read openid' });
    expect((await chat(key)).status).toBe(403);
    expect((await ask(vallum, '/v1/tenants', { key })).status).toBe(403);
    expect((await ask(vallum, '/v1/requests', { key })).status).toBe(200);
  });

  it('is refused while its issuer cannot be reached, and told that it may come again', async () => {
    const { status, headers } = await chat(await gone.token());
    expect({ status, again: headers['retry-after'] }).toEqual({ status: 503, again: '30' });
  });

  it('takes nothing from API keys, which work as before', async () => {
    const { key } = await makeKey(vallum);
    expect((await chat(key)).status).toBe(200);
    expect((await chat(`${key}x`)).text).toContain('This is not a valid API key.');
  });

  it('is in the log by its reason, without a word of what is in it', async () => {
    const lines = logLines(vallum.output.stdout).filter(({ event }) => event === 'a token was refused');
    expect(lines).toContainEqual(expect.objectContaining({ code: 'audience', issuer: people.url, count: 1 }));
    expect(lines).toContainEqual(expect.objectContaining({ code: 'issuer-unknown' }));
    expect(logLines(vallum.output.stdout)).toContainEqual(
      expect.objectContaining({ event: 'the keys of an issuer could not be had', issuer: gone.url }),
    );
    for (const word of ['jane@', 'nightly-report', 'evil.example', 'eyJ'])
      expect(vallum.output.stdout + vallum.output.stderr).not.toContain(word);
  });
});
