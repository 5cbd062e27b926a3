import { idOf } from '@vallum/contract';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type Caller,
  type ContentFields,
  Exchange,
  newId,
  type Route,
  systemClock,
} from '../../kernel/index.ts';
import { createWafPolicies } from './policies.ts';
import type { WafSettings } from './ports.ts';
import type { RuleFile } from './rule.ts';
import { createWafScreening } from './screening.ts';
import type { Exception, Mode } from './verdict.ts';
import { createWaf } from './waf.ts';

const rule = (id: string, family: string, score: number, regex: string) => ({
  id,
  family,
  score,
  all: [{ on: ['value' as const, 'name' as const], test: { regex } }],
});
const rules: RuleFile = {
  version: 1,
  source: 'test',
  rules: [
    rule('evil-one', 'evil', 5, 'evil'),
    rule('odd-one', 'odd', 3, 'odd,'),
    rule('even-one', 'even', 2, 'even,'),
  ],
};
const waf = createWaf({ rules: [rules], clock: systemClock, budgetMs: 5_000 });
afterAll(() => waf.dispose());

const uuid = '01890a5d-ac96-774b-bcce-b302099a8057';
const caller: Caller = {
  principal: { type: 'service', id: idOf('key', uuid) },
  organization: idOf('organization', uuid),
  tenant: idOf('tenant', uuid),
  environment: 'production',
  scopes: [],
  roles: [],
  credential: { kind: 'key', id: 'key_1' },
  ratePerMinute: 1,
};

const content: ContentFields = {
  input: (body) => [{ channel: 'user', pointer: '/prompt', text: (body as { prompt: string }).prompt }],
  output: () => [],
  replace: (body) => body,
};

interface Given {
  readonly deployment?: Mode;
  readonly organization?: Mode;
  readonly tenant?: Mode;
  readonly exceptions?: readonly Exception[];
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without anything by which somebody could be known. */
  readonly bare?: boolean;
  readonly body?: unknown;
  readonly route?: Partial<Route>;
  readonly authenticated?: boolean;
}

/** What becomes of a request on its way over the three steps. */
async function screened(given: Given) {
  let reads = 0;
  const settings: Pick<WafSettings, 'read'> = {
    async read() {
      reads += 1;
      return {
        modes: { organization: given.organization, tenant: given.tenant },
        exceptions: given.exceptions ?? [],
      };
    },
  };
  const policies = createWafPolicies(settings, given.deployment ?? 'block');
  const screening = createWafScreening({ waf, policies, clock: systemClock });
  const headers = { host: 'localhost', ...(!given.bare && { authorization: 'Bearer x' }), ...given.headers };
  const route: Route = {
    method: 'POST',
    path: '/v1/things',
    action: 'thing:make',
    summary: '',
    api: 'vallum',
    seals: 'each',
    bodyBytes: 1_000,
    body: z.unknown(),
    answer() {},
    ...given.route,
  };
  const now = Date.now();
  const x = new Exchange(newId('request', now), now, route, {
    method: 'POST',
    path: '/v1/things',
    query: given.query ?? '',
    params: {},
    headers,
    rawHeaders: Object.entries(headers).flat(),
    address: '',
    body: async () => Buffer.alloc(0),
  });
  let at = 'head';
  try {
    screening.head(x);
    at = 'caller';
    if (given.authenticated ?? true) x.caller = caller;
    await screening.caller(x);
    at = 'body';
    x.body = given.body;
    if (given.body !== undefined) await screening.body(x, given.body);
    at = 'passed';
  } catch (error) {
    expect(error).toMatchObject({ code: 'request-blocked' });
    expect(x.decision).toBe('block');
    return { at, reasons: x.reasons, detail: Reflect.get(Object(error), 'detail') as string, reads };
  }
  expect(x.decision).toBe('allow');
  return { at, reasons: x.reasons, reads };
}

const untilMs = Date.now() + 60_000;
const evilReason = { by: 'edge.waf', code: 'evil', text: 'evil-one' };

describe('the WAF on the path', () => {
  it('lets pass what is clean, and asks nobody what to do about it', async () => {
    expect(await screened({ query: 'q=good', body: { name: 'good,' } })).toEqual({
      at: 'passed',
      reasons: [],
      reads: 0,
    });
  });

  it('does not judge a value that the route expects letter for letter, and judges everything beside it', async () => {
    const route = { expects: new Map([['iss', new Set(['https://evil.example'])]]) };
    const at = async (query: string) => (await screened({ query, route })).at;
    for (const iss of ['https://evil.example', 'https%3A%2F%2Fevil.example'])
      expect(await at(`a=b&iss=${iss}`)).toBe('passed');
    for (const query of [
      'iss=https://evil.example/',
      'iss=https://EVIL.example&iss=evil',
      'other=https://evil.example',
      'Iss=https://evil.example',
      'iss=https://evil.example&q=evil,',
      'evil=https://evil.example',
      'iss',
    ])
      expect({ query, at: await at(query) }).toEqual({ query, at: query === 'iss' ? 'passed' : 'caller' });
  });

  it.each<[string, Given, string]>([
    ['in the head of a request without a credential, at once', { query: 'q=evil,', bare: true }, 'head'],
    ['in the head of a route for anybody, at once', { query: 'q=evil,', route: { action: 'open' } }, 'head'],
    ['in the head of a caller, when it is known whose policy counts', { query: 'q=evil,' }, 'caller'],
    ['in a body', { body: { name: 'evil,' } }, 'body'],
    ['in the name of a field', { body: { 'evil,': 1 } }, 'body'],
    [
      'in a body on a route for anybody',
      { body: { name: 'evil,' }, authenticated: false, route: { action: 'open' } },
      'body',
    ],
    [
      'where an organization has weakened it and the tenant has not',
      { query: 'q=evil,', organization: 'detect', tenant: 'block' },
      'caller',
    ],
    ['where a tenant may not weaken it', { query: 'q=evil,', tenant: 'detect' }, 'caller'],
    [
      'where the deployment only detects and the organization does not',
      { query: 'q=evil,', deployment: 'detect', organization: 'block' },
      'caller',
    ],
    [
      'where the exception is for another route',
      { query: 'q=evil,', exceptions: [{ family: 'evil', route: '/v1/other', untilMs }] },
      'caller',
    ],
    [
      'where the exception has ended',
      { query: 'q=evil,', exceptions: [{ family: 'evil', untilMs: Date.now() - 1 }] },
      'caller',
    ],
  ])('refuses an attack %s', async (_, given, at) => {
    expect(await screened(given)).toMatchObject({ at, reasons: [evilReason] });
  });

  it.each<[string, Given]>([
    ['only detects', { deployment: 'detect' }],
    ['only detects, in the organization', { organization: 'detect' }],
    ['only detects, in the organization and the tenant', { organization: 'detect', tenant: 'detect' }],
  ])('puts it on record and lets it go on where it %s', async (_, given) => {
    expect(await screened({ ...given, query: 'q=evil,' })).toMatchObject({
      at: 'passed',
      reasons: [evilReason],
    });
    const twice = await screened({ ...given, query: 'q=evil,', body: { name: 'evil, too' } });
    expect(twice).toMatchObject({ at: 'passed', reasons: [evilReason, evilReason] });
  });

  it('lets pass what an exception covers, and nothing else', async () => {
    const exceptions = [{ rule: 'evil-one', route: '/v1/things', untilMs }];
    expect(await screened({ query: 'q=evil,', body: { name: 'evil,' }, exceptions })).toMatchObject({
      at: 'passed',
      reasons: [],
    });
    const both = await screened({ query: 'q=evil,', body: { a: 'odd,', b: 'even,' }, exceptions });
    expect(both).toMatchObject({ at: 'body', reasons: [{ code: 'even' }, { code: 'odd' }] });
  });

  it('adds up what is in the head and in the body, and counts a rule once', async () => {
    expect(await screened({ query: 'q=odd,' })).toMatchObject({ at: 'passed', reasons: [] });
    expect(await screened({ query: 'q=odd,', body: { name: 'odd, too' } })).toMatchObject({ at: 'passed' });
    expect(await screened({ query: 'q=odd,', body: { name: 'even,' } })).toMatchObject({
      at: 'body',
      reasons: [{ code: 'even' }, { code: 'odd' }],
    });
  });

  it('does not judge content, which guards do, nor what the route reads by a grammar; and all that is neither', async () => {
    const body = { prompt: 'evil,', pattern: 'evil,' };
    const route = { content, validated: () => ['/pattern'] };
    expect(await screened({ body, route })).toMatchObject({ at: 'passed', reasons: [] });
    expect(await screened({ body, route: { content } })).toMatchObject({ at: 'body' });
    expect(await screened({ body, route: { validated: () => ['/pattern'] } })).toMatchObject({ at: 'body' });
    expect(await screened({ body: { ...body, more: 'evil,' }, route })).toMatchObject({ at: 'body' });
  });

  it('judges a plain field that does not look like one, though guards get it too', async () => {
    const plain: ContentFields = {
      ...content,
      input: () => [{ channel: 'user', pointer: '/model', text: 'evil,', plain: true }],
    };
    expect(await screened({ body: { model: 'evil,' }, route: { content: plain } })).toMatchObject({
      at: 'body',
    });
  });

  it('refuses what it cannot judge whole, in whatever mode and with whatever exceptions', async () => {
    const lenient = {
      deployment: 'detect',
      organization: 'detect',
      exceptions: [{ family: 'limits', untilMs }],
    } as const;
    const long = 'some text, '.repeat(20_000);
    const reasons = [{ by: 'edge.waf', code: 'limits', text: 'limit-size' }];
    expect(await screened({ ...lenient, query: `q=${long.replaceAll(' ', '+')}` })).toMatchObject({
      at: 'head',
      detail: expect.stringContaining('more text'),
    });
    expect(await screened({ ...lenient, body: { long } })).toMatchObject({ at: 'body' });
    expect(await screened({ query: `q=${long.replaceAll(' ', '+')}` })).toMatchObject({
      at: 'head',
      reasons,
    });
  });

  it('leaves to others what they refuse in better words: bodies of a wrong type, and paths that lead nowhere', async () => {
    const headers = { 'content-type': 'text/xml; charset=utf-16', 'content-encoding': 'gzip' };
    expect(await screened({ headers })).toMatchObject({ at: 'passed' });
    const { body: _, ...route } = { body: undefined };
    expect(await screened({ headers, route: { ...route, path: '*' } })).toMatchObject({ at: 'passed' });
    expect(await screened({ headers: { host: 'a@b' } })).toMatchObject({ at: 'caller' });
    expect(await screened({ query: 'q=evil,', bare: true, route: { path: '*' } })).toMatchObject({
      at: 'head',
    });
  });

  it('says where and for what it was taken, in words of ours alone', async () => {
    const { detail, reasons } = await screened({ body: { 'a<b': { note: 'evil, SECRET' } } });
    expect(detail).toContain('body /…/note (evil)');
    expect(JSON.stringify([detail, reasons])).not.toMatch(/SECRET|a<b/);
  });
});

describe('the policies of tenants', () => {
  it('are asked for once, until something was changed somewhere', async () => {
    let reads = 0;
    const policies = createWafPolicies(
      {
        async read() {
          reads += 1;
          return { modes: { organization: undefined, tenant: undefined }, exceptions: [] };
        },
      },
      'block',
    );
    for (let count = 0; count < 3; count += 1) await policies.of(caller);
    expect(reads).toBe(1);
    policies.forget();
    await policies.of(caller);
    expect(reads).toBe(2);
  });

  it('that were asked for before a change are not kept after it', async () => {
    const asked: ((mode: Mode) => void)[] = [];
    const policies = createWafPolicies(
      {
        read: () =>
          new Promise((resolve) => {
            asked.push((organization) =>
              resolve({ modes: { organization, tenant: undefined }, exceptions: [] }),
            );
          }),
      },
      'block',
    );
    const early = policies.of(caller);
    policies.forget();
    asked[0]?.('detect');
    expect(await early).toMatchObject({ mode: 'detect' });
    const late = policies.of(caller);
    asked[1]?.('block');
    expect(await late).toMatchObject({ mode: 'block' });
  });

  it('that cannot be read let nothing pass', async () => {
    const policies = createWafPolicies({ read: () => Promise.reject(new Error('no database')) }, 'detect');
    await expect(policies.of(caller)).rejects.toThrow('no database');
  });
});
