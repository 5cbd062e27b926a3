import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { opening, page, requestRecord, wafException, wafPolicy } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { skipping } from '../conformance/programs.ts';
import { makeKey, makeTenant } from '../support/administer.ts';
import { type Answer, ask, type Question } from '../support/ask.ts';
import { user } from '../support/openai-client.ts';
import { runVallum } from '../support/run-vallum.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';
import { asGet } from '../support/waf/as-request.ts';
import { benignRequests } from '../support/waf/benign-requests.ts';
import { crsCases, sharedData } from '../support/waf/crs-cases.ts';
import { levelOneRules } from '../support/waf/level-one.ts';

/* What an operator does with the WAF, and how well it tells attacks from work, all through the running server. */

let vallum: Vallum;
/** With every scope. */
let admin: string;
let tenant: string;
/** An application's, of that tenant. */
let key: string;

beforeAll(async () => {
  vallum = await startVallum({ settings: { limits: { anonymous_per_address: 10_000_000 } } });
  const scopes = ['vallum:admin', 'vallum:read', 'vallum:write', 'models:invoke'];
  ({ key: admin } = await makeKey(vallum, { scopes }));
  ({ id: tenant } = await makeTenant(vallum, 'screened'));
  ({ key } = await makeKey(vallum, { tenant }));
});
afterAll(() => vallum?.remove());

const administer = (method: string, where: string, body?: object): Promise<Answer> =>
  ask(vallum, where, { method, key: admin, ...(body && { body }) });
const setMode = (query: string, mode: string) => administer('PUT', `/v1/waf/policy?${query}`, { mode });
const modeOf = async (query: string) =>
  wafPolicy.parse((await administer('GET', `/v1/waf/policy?${query}`)).json());

const attack = `/v1/models?q=${encodeURIComponent("x' union select name, secret from members -- ")}`;
const attackBy = (attacker: string): Promise<Answer> => ask(vallum, attack, { key: attacker });
const statusOf = async (attacker: string): Promise<number> => (await attackBy(attacker)).status;
const isBlocked = ({ status, text }: Answer): boolean => status === 403 && text.includes('request-blocked');

const ledgerSize = async (): Promise<number> =>
  Number((await ask(vallum, '/ledger/checkpoint')).text.split('\n')[1]);

/** The changes that the ledger holds by now, from an index on, as its reader opens them. To open an entry makes one. */
async function changes(from = 0) {
  const found = [];
  const size = await ledgerSize();
  for (let index = from; index < size; index += 1) {
    const answer = await ask(vallum, `/v1/ledger/entries/${index}/opening`, { key: admin });
    // Others' are not shown.
    if (answer.status === 404) continue;
    const { entry, fields } = opening.parse(answer.json());
    if (entry.change?.type.startsWith('waf.')) found.push({ ...entry.change, reason: fields?.reason?.value });
  }
  return found;
}

describe('what is done about attacks', () => {
  it('is to refuse them, with words that say where and for what, and on record', async () => {
    expect(await modeOf(`tenant=${tenant}`)).toEqual({
      scope: 'tenant',
      tenant,
      mode: 'inherit',
      effective: 'block',
    });
    const answer = await attackBy(key);
    expect(answer.status).toBe(403);
    expect(answer.headers).toMatchObject({ 'x-vallum-decision': 'block', 'x-should-retry': 'false' });
    const { error } = answer.json<{ error: { code: string; message: string; reasons: unknown[] } }>();
    expect(error.code).toBe('request-blocked');
    expect(error.message).toContain('query q (sql)');
    const record = await ask(vallum, `/v1/requests/${answer.headers['x-vallum-request-id']}`, { key });
    expect(requestRecord.parse(record.json())).toMatchObject({
      decision: 'block',
      fault: 'request-blocked',
      reasons: [{ by: 'edge.waf', code: 'sql', text: expect.stringContaining('sql-') }],
    });
    expect(answer.text + record.text).not.toMatch(/members|union select/);
  });

  it('is never weaker for a tenant than its organization says, and only detects where both agree', async () => {
    const weaker = await setMode(`tenant=${tenant}`, 'detect');
    expect({ status: weaker.status, detail: weaker.json().detail }).toEqual({
      status: 409,
      detail: expect.stringContaining('scope=organization'),
    });
    expect((await setMode('scope=organization', 'detect')).status).toBe(200);
    expect(await modeOf(`tenant=${tenant}`)).toMatchObject({ mode: 'inherit', effective: 'detect' });
    await expect.poll(() => statusOf(key)).toBe(200);
    const { headers } = await ask(vallum, '/v1/requests', { key });
    expect(headers['x-vallum-decision']).toBe('allow');

    expect((await setMode(`tenant=${tenant}`, 'block')).status).toBe(200);
    await expect.poll(() => statusOf(key)).toBe(403);
    expect(await statusOf(admin)).toBe(200);
    expect((await setMode(`tenant=${tenant}`, 'detect')).json()).toMatchObject({ effective: 'detect' });
    await expect.poll(() => statusOf(key)).toBe(200);
    expect((await setMode('scope=organization', 'inherit')).json()).toMatchObject({ effective: 'block' });
    expect(await modeOf(`tenant=${tenant}`)).toMatchObject({ mode: 'detect', effective: 'block' });
    await expect.poll(() => statusOf(key)).toBe(403);
  });

  it('puts what it only detects on record, with the answer', async () => {
    await setMode('scope=organization', 'detect');
    const body = { model: 'rehearsal', messages: [user('Hello')] };
    const { status, headers } = await ask(vallum, `/v1/chat/completions?${attack.split('?')[1]}`, {
      key,
      body,
    });
    expect(status).toBe(200);
    const record = async () =>
      requestRecord.parse(
        (await ask(vallum, `/v1/requests/${headers['x-vallum-request-id']}`, { key })).json(),
      );
    await expect.poll(async () => (await record()).ended, { timeout: 20_000 }).toBe('complete');
    expect(await record()).toMatchObject({ decision: 'allow', reasons: [{ by: 'edge.waf', code: 'sql' }] });
    await setMode('scope=organization', 'inherit');
    await expect.poll(() => statusOf(key)).toBe(403);
  });

  it('lets pass what an exception names, there and nowhere else, until it is taken away', async () => {
    const made = await administer('POST', '/v1/waf/exceptions', {
      tenant,
      family: 'sql',
      route: '/v1/models',
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      reason: 'Our reports name tables',
    });
    expect({ status: made.status, text: made.text }).toMatchObject({ status: 201 });
    const { id } = wafException.parse(made.json());
    await expect.poll(() => statusOf(key)).toBe(200);
    expect(await statusOf(admin)).toBe(403);
    expect((await ask(vallum, attack.replace('models', 'requests'), { key })).status).toBe(403);
    expect((await ask(vallum, '/v1/models?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E', { key })).status).toBe(403);
    const listed = await administer('GET', `/v1/waf/exceptions?tenant=${tenant}`);
    expect(
      page(wafException)
        .parse(listed.json())
        .data.map((each) => each.id),
    ).toEqual([id]);
    expect((await administer('DELETE', `/v1/waf/exceptions/${id}?tenant=${tenant}`)).status).toBe(200);
    await expect.poll(() => statusOf(key)).toBe(403);
    expect((await administer('DELETE', `/v1/waf/exceptions/${id}?tenant=${tenant}`)).status).toBe(404);
  });

  it.each<[string, object, string]>([
    ['without an end', { family: 'sql', expires_at: undefined }, 'expires_at'],
    ['for longer than 90 days', { family: 'sql', expires_at: '2999-01-01T00:00:00Z' }, '90 days'],
    ['that has ended', { family: 'sql', expires_at: '2020-01-01T00:00:00Z' }, 'past'],
    ['for everything', {}, 'name a rule'],
    ['for a rule that is not there', { rule: 'sql-everything' }, 'no such rule'],
    ['for a family that is not there', { family: 'everything' }, 'no such family'],
    ['for a route that is not there', { family: 'sql', route: '/v1/nothing' }, 'no such route'],
    [
      'for a tenant and the organization',
      { family: 'sql', scope: 'organization', tenant: true },
      'scope tenant',
    ],
  ])('has no exception %s', async (_, more, said) => {
    const body = {
      expires_at: new Date(Date.now() + 60_000).toISOString(),
      reason: 'x',
      ...more,
      ...('tenant' in more && { tenant }),
    };
    const answer = await administer('POST', '/v1/waf/exceptions', body);
    expect({ status: answer.status, text: answer.text }).toEqual({
      status: 400,
      text: expect.stringContaining(said),
    });
  });

  it('is said by administrators alone', async () => {
    for (const [method, where] of [
      ['GET', '/v1/waf/policy'],
      ['PUT', '/v1/waf/policy'],
      ['GET', '/v1/waf/exceptions'],
      ['POST', '/v1/waf/exceptions'],
      ['DELETE', '/v1/waf/crs-imports'],
    ] as const) {
      const body = { mode: 'block', family: 'sql', expires_at: new Date(Date.now() + 60_000), reason: 'x' };
      const { mode, ...rest } = body;
      const sent = method === 'PUT' ? { mode } : rest;
      const question: Question = { method, key, ...(/P/.test(method) && { body: sent }) };
      expect({ where, status: (await ask(vallum, where, question)).status }).toEqual({ where, status: 403 });
    }
  });

  it('is in the ledger, each change with what was before, and why in what opens the entry', async () => {
    // What restricts is in the ledger as soon as that answers.
    let all: Awaited<ReturnType<typeof changes>> = [];
    const hasAll = async () => {
      all = await changes();
      return all.some(({ type }) => type === 'waf.exception-deleted');
    };
    await expect.poll(hasAll, { timeout: 45_000, interval: 1_000 }).toBe(true);
    expect(all.length).toBeGreaterThanOrEqual(8);
    expect(all).toContainEqual({
      type: 'waf.mode-changed',
      before: { mode: 'inherit', scope: 'organization', tenant: null },
      after: { mode: 'detect' },
    });
    expect(all).toContainEqual(
      expect.objectContaining({ type: 'waf.exception-created', reason: 'Our reports name tables' }),
    );
    expect(JSON.stringify(all.map(({ reason: _, ...change }) => change))).not.toContain('reports');
  }, 60_000);
});

/** Sends all of them, some at a time. @returns those that were taken for attacks */
async function blockedOf<T>(all: readonly T[], send: (one: T) => Promise<Answer>): Promise<T[]> {
  const blocked: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < all.length; at = next++) {
      const one = all[at] as T;
      if (isBlocked(await send(one))) blocked.push(one);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return blocked;
}

describe('of two hundred requests of administrators, agents and collectors', () => {
  const requests = benignRequests();

  it('none is taken for an attack by its path, query and headers', async () => {
    const blocked = await blockedOf(requests, ({ head }) => {
      const { path: where, question } = asGet({ head });
      return ask(vallum, where, { ...question, key });
    });
    expect(requests).toHaveLength(200);
    expect(blocked.map(({ head }) => head)).toEqual([]);
  });

  it('none is for what stands in its fields', async () => {
    const texts = requests.flatMap(({ body: { value, content } }) =>
      Object.entries(value).flatMap(([name, text]) =>
        typeof text === 'string' && !content.has(`/${name}`) && text.trim().length <= 200 ? [text] : [],
      ),
    );
    // Whose key this would be is not there, so nothing is made.
    const nobody = 'tnt_01890a5d-ac96-774b-bcce-b302099a8057';
    const distinct = [...new Set(texts)].filter((text) => text.trim() && !/\p{Cc}/u.test(text));
    expect(distinct.length).toBeGreaterThan(100);
    const blocked = await blockedOf(distinct, (name) =>
      administer('POST', '/v1/keys', { name, scopes: ['vallum:read'], tenant: nobody }),
    );
    expect(blocked).toEqual([]);
  });
});

const shared = sharedData('waf');
if (!shared) skipping('attacks and prompts of public collections', 'there is no ../shared/data');
const debian = '/usr/share/modsecurity-crs';
const hasDebian = existsSync(path.join(debian, 'rules'));
if (!hasDebian) skipping('the import of OWASP CRS', "Debian's package modsecurity-crs is not installed");

describe.skipIf(!shared)('of public collections', () => {
  const folder = shared ?? '';

  it('no prompt is taken for an attack, whatever code is in it', async () => {
    const lines = readFileSync(path.join(folder, 'benign-chat.jsonl'), 'utf8').trim().split('\n');
    const texts = lines.map((line) => (JSON.parse(line) as { text: string }).text);
    const tools = [
      {
        type: 'function',
        function: {
          name: 'run_sql',
          description: "Runs a query: select name from members where id = 'x' or 1=1",
          parameters: {
            $schema: 'https://json-schema.org/draft/2020-12/schema',
            $defs: { row: { type: 'object', additionalProperties: false } },
            type: 'object',
            properties: {
              'where clause': { type: 'string', pattern: "^[^']*$" },
              out: { $ref: '#/$defs/row' },
            },
          },
        },
      },
    ];
    const blocked = await blockedOf(texts, (text) =>
      ask(vallum, '/v1/chat/completions', {
        key,
        body: {
          model: 'rehearsal',
          temperature: 0.2,
          tools,
          messages: [{ role: 'system', content: 'You write code.' }, user(text)],
        },
      }),
    );
    expect(texts.length).toBeGreaterThan(200);
    expect(blocked).toEqual([]);
  });

  it('attacks that CRS catches as it comes are caught, and more of them with its rules imported', async () => {
    // Every third: all of them go by the rules themselves in server/src/edge/waf.
    const cases = crsCases(path.join(folder, 'crs'))
      .filter(({ expected }) => expected.some((rule) => levelOneRules.has(rule)))
      .filter((_, at) => at % 3 === 0);
    expect(cases.length).toBeGreaterThan(500);
    const before = await ledgerSize();
    const send = ({ input }: (typeof cases)[number]): Promise<Answer> => {
      const { path: where, question } = asGet(input);
      return ask(vallum, where, question);
    };
    const caught = new Set(await blockedOf(cases, send));
    expect(caught.size / cases.length).toBeGreaterThan(0.8);
    if (!hasDebian) return;

    expect((await administer('DELETE', '/v1/waf/crs-imports')).status).toBe(404);
    const keyFile = path.join(vallum.data, 'bootstrap.json');
    const run = (...more: string[]) =>
      runVallum('waf', 'import-crs', debian, '--url', vallum.url, '--key', keyFile, ...more);
    const missed = cases.filter((each) => !caught.has(each));
    const dry = run('--dry-run');
    expect(dry).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^would be taken: /) });
    expect((await administer('DELETE', '/v1/waf/crs-imports')).status).toBe(404);

    const { status, stdout, stderr } = run();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [, taken = '0', all = '1'] = /^in use: (\d+) of (\d+) rules/.exec(stdout) ?? [];
    const [, covered = '0'] = /not needed, .*: (\d+)/.exec(stdout) ?? [];
    expect(Number(all)).toBeGreaterThan(100);
    expect((Number(taken) + Number(covered)) / Number(all)).toBeGreaterThanOrEqual(0.75);
    expect((await blockedOf(missed, send)).length).toBeGreaterThan(0);
    // After a restart too.
    await vallum.stop();
    await vallum.start();
    const more = await blockedOf(missed, send);
    expect(more.length).toBeGreaterThan(0);

    expect((await administer('DELETE', '/v1/waf/crs-imports')).json()).toEqual({ removed: Number(taken) });
    expect(await blockedOf(more, send)).toEqual([]);
    const types = (await changes(before)).map(({ type }) => type);
    expect(types.filter((type) => type === 'waf.rules-imported')).toHaveLength(1);
    expect(types).toContain('waf.rules-removed');
  }, 120_000);
});
