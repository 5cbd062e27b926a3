import { openaiError, problem } from '@vallum/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../support/administer.ts';
import { type Answer, ask, askRaw, type Question } from '../support/ask.ts';
import { logLines } from '../support/log-lines.ts';
import { publicRoutes } from '../support/public-routes.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* Thousands of requests that no program means: each has an answer that says what was wrong, none is a failure of ours, and nothing is different afterwards. */

let vallum: Vallum;
let keys: readonly (string | undefined)[];
beforeAll(async () => {
  // Nobody is turned away here for being many, or by the WAF: what is behind it must hold by itself.
  vallum = await startVallum({
    settings: { limits: { anonymous_per_address: 10_000_000 }, waf: { mode: 'detect' } },
  });
  const scopes = ['vallum:read', 'vallum:write', 'vallum:admin', 'models:invoke'];
  keys = [undefined, 'vk_live_x', (await makeKey(vallum)).key, (await makeKey(vallum, { scopes })).key];
});
afterAll(() => vallum?.remove());

/** Fixed, so that a failure can be looked at again. */
const seed = 20_261_122;
/** For each route that takes a body; a third for the others. CI asks for 400. */
const fuzzRuns = Number(process.env.VALLUM_FUZZ_RUNS ?? 150);
const inFlight = 8;

/** Sound, whatever was asked: never a failure of ours, and an error that can be read by who knows the API's shape. */
function expectSound(answer: Answer, question: string): void {
  const { status, headers, text } = answer;
  if (status >= 500 || status < 200) expect.fail(`${question} was answered ${status}: ${text}`);
  expect(headers['x-vallum-request-id']).toMatch(/^req_/);
  if (status < 400) return;
  const isProblem = headers['content-type'] === 'application/problem+json';
  const body: unknown = JSON.parse(text);
  const said = isProblem ? problem.parse(body) : openaiError.parse(body).error;
  expect({ question, code: said.code, id: said.request_id }).toEqual({
    question,
    code: expect.stringMatching(/^[a-z-]+$/),
    id: headers['x-vallum-request-id'],
  });
  if (isProblem) expect(body).toMatchObject({ status });
}

interface Case {
  readonly path: string;
  readonly question: Question;
}

/** Asks all of them, some at a time. */
async function askAll(cases: readonly Case[]): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let next = 0;
  const worker = async () => {
    for (let one = cases[next++]; one; one = cases[next++]) {
      const answer = await ask(vallum, one.path, one.question);
      expectSound(answer, JSON.stringify(one).slice(0, 1_000));
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return statuses;
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', '0', '-1', 'null', 'true', '1e999', '\u0000', '\ud800'),
);
const part = fc.oneof(
  text.map((raw) => encodeURIComponent(raw.toWellFormed())),
  fc.constantFrom(
    'req_01890a5d-ac96-774b-bcce-b302099a8057',
    'key_01890a5d-ac96-774b-bcce-b302099a8057',
    '0',
    '1',
    '5',
    '99999999999999999999',
    '..',
    '%00',
    '%ff',
    'usr_01890a5d-ac96-774b-bcce-b302099a8057',
    'svc_01890a5d-ac96-774b-bcce-b302099a8057',
    'asg_01890a5d-ac96-774b-bcce-b302099a8057',
    'entries/000',
    '0/000.p/2',
  ),
);
const query = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom('limit', 'cursor', 'tenant', '__proto__'), part), part),
  { maxLength: 3 },
);

/** A path of a route, with anything where it has a name, and any query. */
const paths = (pattern: string) =>
  fc.tuple(fc.array(part, { minLength: 3, maxLength: 3 }), query).map(([parts, pairs]) => {
    let used = 0;
    const path = pattern.replace(/:\w+|\*/g, () => parts[used++] ?? '');
    return pairs.length === 0 ? path : `${path}?${pairs.map((pair) => pair.join('=')).join('&')}`;
  });

const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map((value) => JSON.stringify(value));

/** Bodies that routes take, to begin from. */
const good: Readonly<Record<string, object>> = {
  '/v1/chat/completions': {
    model: 'rehearsal',
    messages: [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
    ],
    stream: false,
    n: 1,
    max_tokens: 9,
    temperature: 1,
    stop: ['x'],
    tools: [
      {
        type: 'function',
        function: { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } },
      },
    ],
    tool_choice: 'auto',
    response_format: { type: 'text' },
    metadata: { a: 'b' },
    stream_options: null,
    user: 'u',
  },
  '/v1/waf/policy': { mode: 'block' },
  '/v1/waf/exceptions': {
    rule: 'no-such-rule',
    family: 'sql',
    route: '/v1/keys/:id',
    expires_at: '2030-01-01T00:00:00Z',
    reason: 'fuzzed',
  },
  '/v1/waf/crs-imports': {
    files: [{ name: 'a.conf', text: 'SecRule ARGS "@rx left, right" "id:1,phase:2,block"' }],
    paranoia: 1,
    dry_run: true,
  },
  '/v1/sessions/passkey': {
    credential: {
      id: 'AAAAAAAAAAAAAAAAAAAAAA',
      type: 'public-key',
      response: { clientDataJSON: 'e30', authenticatorData: 'AA', signature: 'AA', userHandle: 'AA' },
    },
  },
  '/v1/tenants': { name: 'fuzzed', environment: 'staging' },
  '/v1/keys': {
    name: 'fuzzed',
    scopes: ['vallum:read'],
    rate_per_minute: 5,
    allowed_addresses: ['10.0.0.0/8', '2001:db8::1'],
    expires_at: '2030-01-01T00:00:00Z',
  },
  '/v1/addresses': {
    allow: [],
    deny: [
      { cidr: '192.0.2.0/24', note: 'documentation', expires_at: '2130-01-01T00:00:00Z' },
      { cidr: '2001:db8::/32' },
    ],
  },
  '/v1/users/:id/roles': { role: 'auditor', tenant: null },
  '/v1/services': { name: 'fuzzed' },
  '/v1/services/:id': { name: 'fuzzed', disabled: true },
  '/v1/services/:id/roles': { role: 'agent' },
  '/v1/keys/:id': { name: 'fuzzed', rate_per_minute: 5, allowed_addresses: ['10.0.0.0/8'] },
  '/v1/keys/:id/rotate': { overlap_hours: 24 },
  '/v1/tokens': { scopes: ['vallum:read'], ttl_seconds: 60, run: 'run-7' },
};

/** A good body in which one thing somewhere is another, is gone, or is there twice. */
const mutated = (pattern: string) =>
  fc.tuple(fc.nat(), fc.nat({ max: 3 }), json).map(([where, how, other]) => {
    const whole = JSON.stringify(good[pattern] ?? {});
    const values = [...whole.matchAll(/(?<=[:,[{])("[^"]*"|\d+|true|false|null|\[[^[\]]*\]|\{[^{}]*\})/g)];
    const chosen = values[where % Math.max(values.length, 1)];
    if (!chosen) return whole;
    const { 0: value, index } = chosen;
    const replaced = [other, '', `${value},${value}`, value.slice(0, -1)][how] ?? '';
    return whole.slice(0, index) + replaced + whole.slice(index + value.length);
  });

const bodies = (pattern: string) =>
  fc.oneof(
    { weight: 3, arbitrary: mutated(pattern) },
    { weight: 1, arbitrary: json },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        '{',
        '[]',
        'null',
        '"x"',
        '{}',
        '{"a":1,"a":2}',
        '['.repeat(5_000),
        `{"model":${'9'.repeat(400)}}`,
      ),
    },
  );

const headers = fc.dictionary(
  fc.constantFrom(
    'content-type',
    'content-encoding',
    'accept',
    'x-api-key',
    'cookie',
    'if-none-match',
    'range',
    'x-forwarded-for',
    'traceparent',
    'idempotency-key',
    'expect-ct',
  ),
  fc.oneof(
    fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'application/json; charset=utf-16',
      'text/xml',
      'gzip',
      'identity',
      '*/*',
      'bytes=0-1',
    ),
    fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
  ),
  { maxKeys: 2, noNullPrototype: true },
);

const cases = (route: string) => {
  const [method = '', pattern = ''] = route.split(' ');
  const withBody = ['POST', 'PUT', 'PATCH'].includes(method);
  return fc
    .record({
      path: paths(pattern),
      key: fc.nat({ max: 3 }),
      headers,
      body: withBody ? bodies(pattern) : fc.constant(undefined),
    })
    .map(({ path, key, headers: more, body }): Case => {
      const chosen = keys[key];
      return {
        path,
        question: {
          method,
          headers: more,
          ...(chosen && { key: chosen }),
          ...(body !== undefined && { body }),
        },
      };
    });
};

/** They answer everybody the same, whatever is sent with the question; and there is no identity provider here to sign out at. */
const readsNothing: ReadonlySet<string> = new Set([
  'GET /health',
  'GET /ready',
  'GET /ledger/checkpoint',
  'GET /sign-in',
  'GET /account',
  'GET /v1/sign-in/providers',
  'GET /v1/sign-in/:provider/sign-out',
]);

describe.each(publicRoutes)('%s', (route) => {
  it('takes anything, and says what is wrong with it', async () => {
    const many = /^P(?:OS|U)T/.test(route) ? fuzzRuns : Math.ceil(fuzzRuns / 3);
    const statuses = await askAll(fc.sample(cases(route), { numRuns: many, seed }));
    expect([...statuses.values()].reduce((sum, each) => sum + each, 0)).toBe(many);
    // A fuzz that is always let in, or never gets past the door, looks at nothing.
    if (!readsNothing.has(route)) expect(statuses.size).toBeGreaterThan(1);
  });
});

describe('what has no route', () => {
  it('is nothing, with whatever method and headers', async () => {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];
    const strays = fc.record({
      path: fc.oneof(
        paths('/*/*'),
        paths('/v1/*'),
        fc.constantFrom(...publicRoutes.map((each) => each.split(' ')[1] ?? '')),
      ),
      method: fc.constantFrom(...methods),
      key: fc.nat({ max: 3 }),
      headers,
    });
    const stray = fc
      .sample(strays, { numRuns: 300, seed })
      .map(({ path, method, key, headers: more }): Case => {
        const chosen = keys[key];
        return { path, question: { method, headers: more, ...(chosen && { key: chosen }) } };
      });
    // A reply to HEAD has no body to be read.
    await askAll(stray.filter(({ question }) => question.method !== 'HEAD'));
  });
});

describe('what is no HTTP', () => {
  it('is refused in our words, or the connection ends', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }).map((raw) => Buffer.from(raw).toString('latin1')),
      fc.constantFrom(
        'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n',
        'GET / HTTP/9.9\r\nhost: a\r\n\r\n',
        'POST /v1/models HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n',
        'POST /v1/models HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
        'POST /v1/models HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n',
        'POST /v1/models HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nzz\r\n',
        'GET / HTTP/1.1\r\nhost : a\r\n\r\n',
        `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
        `GET / HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(8_000)}\r\n`,
        'CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: a\r\n\r\n',
        'GET http://127.0.0.1:22/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
        'GET /ready HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade, close\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
      ),
    );
    for (const raw of fc.sample(bytes, { numRuns: 150, seed })) {
      // Two line ends after it, so that nobody waits for more of it.
      const said = await askRaw(vallum, `${raw}\r\n\r\n`);
      expect({ raw: raw.slice(0, 200), said: said.slice(0, 13) }).toEqual({
        raw: raw.slice(0, 200),
        said: expect.stringMatching(/^$|^HTTP\/1\.1 [24]\d\d /),
      });
    }
  });
});

describe('afterwards', () => {
  it('the server is well, and nothing that happened to it was unexpected', async () => {
    expect((await ask(vallum, '/health')).json()).toEqual({ status: 'ok' });
    expect((await ask(vallum, '/ready')).status).toBe(200);
    const body = { model: 'rehearsal', messages: [{ role: 'user', content: 'Hello' }] };
    expect((await ask(vallum, '/v1/chat/completions', { key: vallum.secrets.apiKey, body })).status).toBe(
      200,
    );
    expect(
      logLines(vallum.output.stdout).filter(({ level, status }) => level === 'error' || status === 500),
    ).toEqual([]);
  });

  it('an error has changed nothing: there are as many tenants as were made', async () => {
    const made = (await ask(vallum, '/v1/tenants?limit=200', { key: vallum.secrets.adminKey })).json<{
      data: { name: string; environment: string }[];
    }>();
    for (const { name, environment } of made.data) {
      expect(name).toEqual(expect.any(String));
      expect(['production', 'staging', 'development']).toContain(environment);
    }
    expect(await vallum.stop()).toBe(0);
  });
});
