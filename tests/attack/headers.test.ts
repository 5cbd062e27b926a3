import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask, askRaw } from '../support/ask.ts';
import { logLines } from '../support/log-lines.ts';
import { user } from '../support/openai-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* Headers that lie about where a request comes from, that want to be in a reply or in a log line; and those of our own, that keep browsers from harm. */

const origin = 'https://app.example.org';
const anonymousPerAddress = 60;

let vallum: Vallum;
beforeAll(async () => {
  vallum = await startVallum({
    settings: {
      cors: { origins: [origin, 'http://localhost:5173'], max_age_s: 300 },
      // Somebody is trusted, and it is not us.
      proxies: { trusted: ['127.0.0.8'] },
      limits: { anonymous_per_address: anonymousPerAddress },
    },
  });
});
afterAll(() => vallum?.remove());

/** Questions that are answered in each way that there is. */
const ways: readonly (readonly [
  string,
  (headers: Record<string, string>, from: string) => Promise<Answer>,
])[] = [
  ['open', (headers, from) => ask(vallum, '/health', { headers, from })],
  ['refused', (headers, from) => ask(vallum, '/v1/models', { headers, from })],
  ['unknown', (headers, from) => ask(vallum, '/nowhere', { headers, from })],
  ['answered', (headers, from) => ask(vallum, '/v1/models', { headers, from, key: vallum.secrets.apiKey })],
  [
    'by a model',
    (headers, from) =>
      ask(vallum, '/v1/chat/completions', {
        headers,
        from,
        key: vallum.secrets.apiKey,
        body: { model: 'rehearsal', messages: [user('Hello')] },
      }),
  ],
];

describe('the address in a header', () => {
  const names = [
    'x-forwarded-for',
    'forwarded',
    'x-real-ip',
    'x-client-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'x-originating-ip',
    'x-cluster-client-ip',
    'via',
  ];

  it("is nobody's, unless a proxy of ours wrote it: who tries a thousand is still one", async () => {
    const from = '127.0.0.41';
    const statuses: number[] = [];
    for (let i = 0; i < anonymousPerAddress + 5; i++) {
      const address = `198.51.100.${i}`;
      const headers = Object.fromEntries(
        names.map((name) => [name, name === 'forwarded' ? `for=${address}` : address]),
      );
      statuses.push((await ask(vallum, '/v1/models', { from, headers })).status);
    }
    expect(statuses.slice(0, anonymousPerAddress)).not.toContain(429);
    expect(new Set(statuses.slice(anonymousPerAddress))).toEqual(new Set([429]));
  });

  it('blames nobody else: whose address is written there is still let in', async () => {
    const victim = '127.0.0.42';
    for (let i = 0; i < anonymousPerAddress + 5; i++)
      await ask(vallum, '/v1/models', { from: '127.0.0.43', headers: { 'x-forwarded-for': victim } });
    expect((await ask(vallum, '/v1/models', { from: victim })).status).toBe(401);
  });

  it('counts from a proxy of ours, and only in the header that was agreed on', async () => {
    const via = (headers: Record<string, string>) =>
      ask(vallum, '/v1/models', { from: '127.0.0.8', headers });
    for (let i = 0; i < anonymousPerAddress; i++)
      await via({ 'x-forwarded-for': `203.0.113.${i}, 198.51.100.200`, forwarded: `for=203.0.113.${i}` });
    expect((await via({ 'x-forwarded-for': '198.51.100.200', forwarded: 'for=203.0.113.200' })).status).toBe(
      429,
    );
    expect((await via({ 'x-forwarded-for': '198.51.100.201', forwarded: 'for=198.51.100.200' })).status).toBe(
      401,
    );
    for (const wrong of ['unknown', '198.51.100.1, localhost', '1.2.3', '::1%x, y'])
      expect((await via({ 'x-forwarded-for': wrong })).status).toBe(400);
  });
});

describe('the host in a header', () => {
  it.each(['evil.example', 'evil.example:443', '[::1]:1', 'localhost.evil.example'])(
    'is nowhere in what we answer, which leads nobody there: %s',
    async (host) => {
      for (const [, way] of ways) {
        const { text, rawHeaders, headers } = await way(
          {
            host,
            'x-forwarded-host': host,
            'x-forwarded-proto': 'https',
            'x-original-url': `/${host}`,
            'x-rewrite-url': `/${host}`,
          },
          '127.0.0.44',
        );
        expect(text + rawHeaders.join('\n')).not.toContain('evil');
        expect(headers.location).toBeUndefined();
      }
    },
  );

  it('and the path in one change nothing about what is asked for', async () => {
    const tries = {
      'x-original-url': '/v1/tenants',
      'x-rewrite-url': '/v1/tenants',
      'x-http-method-override': 'POST',
    };
    for (const [name, value] of Object.entries(tries)) {
      const headers = { [name]: value };
      const { status, text } = await ask(vallum, '/health', { headers, key: vallum.secrets.adminKey });
      // Some are taken for an attack.
      expect([200, 403]).toContain(status);
      expect(text).toContain(status === 200 ? '{"status":"ok"}' : 'request-blocked');
    }
  });
});

const marker = 'zzmarkzz';
const asked = [
  'user-agent',
  'referer',
  'origin',
  'accept',
  'accept-language',
  'cookie',
  'x-request-id',
  'x-correlation-id',
  'traceparent',
  'tracestate',
  'idempotency-key',
  'x-vallum-request-id',
  'x-vallum-decision',
  'client-cert',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-stainless-lang',
  'openai-organization',
  'access-control-request-headers',
  'access-control-request-method',
  'if-none-match',
  'range',
  'x-api-version',
];

describe('what a request says', () => {
  it('is in no header of the reply, so that it cannot be a header of the reply', async () => {
    const headers = Object.fromEntries(asked.map((name) => [name, marker]));
    for (const [, way] of ways) {
      const { rawHeaders } = await way(headers, '127.0.0.45');
      expect(rawHeaders.join('\n')).not.toContain(marker);
    }
    const injection = encodeURIComponent(`${marker}\r\nset-cookie: a=b`);
    for (const path of [
      `/${injection}`,
      `/v1/requests/${injection}`,
      `/v1/requests?cursor=${injection}`,
      `/ledger/tile/${injection}`,
    ]) {
      const { rawHeaders, headers: replied } = await ask(vallum, path, { key: vallum.secrets.apiKey });
      expect(rawHeaders.join('\n')).not.toContain(marker);
      expect(replied['set-cookie']).toBeUndefined();
    }
    const body = { model: `${marker}\r\nset-cookie: a=b`, messages: [user('Hello')] };
    const answer = await ask(vallum, '/v1/chat/completions', { key: vallum.secrets.apiKey, body });
    expect(answer.rawHeaders.join('\n')).not.toContain(marker);
  });

  it('is in no line of the log, and makes none', async () => {
    const before = logLines(vallum.output.stdout).length;
    const forged = `${marker}","level":"error","event":"forged","x":"`;
    const escapes = `${marker}\\n{"level":"error"}\\u001b[2J%0a%0d\u0085\u00e9\u009b31m`;
    for (const value of [forged, escapes])
      for (const name of [...asked, 'authorization', 'x-api-key', 'host']) {
        const request = `GET /v1/models HTTP/1.1\r\n${name === 'host' ? '' : 'host: localhost\r\n'}${name}: ${value}\r\nconnection: close\r\n\r\n`;
        expect(await askRaw(vallum, request)).toMatch(/^HTTP\/1\.1 4/);
      }
    const token = [`{"alg":"RS256","kid":"${marker}"}`, `{"iss":"${marker}"}`, 'x']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
    await ask(vallum, '/v1/models', { key: token, from: '127.0.0.46' });
    const lines = logLines(vallum.output.stdout);
    expect(JSON.stringify(lines)).not.toContain(marker);
    // The one about client certificates, once, however many there were.
    expect(lines.slice(before).map(({ event }) => event)).toEqual(
      lines.slice(before).length === 0 ? [] : [expect.stringContaining('no trusted proxy')],
    );
    expect(lines.some(({ event }) => String(event).includes('no trusted proxy'))).toBe(true);
  });
});

describe('a reply', () => {
  it('has what browsers need to keep it from becoming anything else, whatever it says', async () => {
    const answers = await Promise.all(ways.map(([, way]) => way({}, '127.0.0.47')));
    answers.push(await ask(vallum, '/%ff'), await ask(vallum, '/v1/models', { method: 'DELETE' }));
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'permissions-policy': expect.stringContaining('camera=()'),
        'cache-control': expect.stringContaining('no-store'),
      });
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|data:|http:/);
      // Who we are is nobody's business; and no promise of HTTPS is made where it is not spoken.
      for (const name of ['server', 'x-powered-by', 'set-cookie', 'strict-transport-security'])
        expect(headers[name]).toBeUndefined();
    }
    const unreadable = await askRaw(vallum, 'GET / HTTP/9.9\r\n\r\n');
    for (const line of ['x-content-type-options: nosniff', "content-security-policy: default-src 'none'"])
      expect(unreadable).toContain(line);
  });
});

describe('a page of another origin', () => {
  const preflight = (from: string, more: Record<string, string> = {}) =>
    ask(vallum, '/v1/chat/completions', {
      method: 'OPTIONS',
      from: '127.0.0.48',
      headers: { origin: from, 'access-control-request-method': 'POST', ...more },
    });

  it('that is on the list may ask, without a credential that a browser adds by itself', async () => {
    const { status, headers } = await preflight(origin, {
      'access-control-request-headers': 'authorization, content-type',
    });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '300',
      vary: 'Origin',
    });
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    const answer = await ask(vallum, '/v1/models', { key: vallum.secrets.apiKey, headers: { origin } });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    for (const name of ['x-vallum-request-id', 'x-vallum-decision', 'ratelimit', 'retry-after'])
      expect(answer.headers['access-control-expose-headers']).toContain(name);
    // An error is for it too: it says what to do.
    const refused = await ask(vallum, '/v1/models', { headers: { origin } });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, origin]);
  });

  it.each([
    'https://evil.example',
    `${origin}.evil.example`,
    `${origin}:8443`,
    `${origin}/`,
    origin.replace('https', 'http'),
    origin.toUpperCase(),
    'https://evil.example.org',
    'null',
    '*',
    `${origin}, https://evil.example`,
    '',
  ])('that is not is told nothing, and caches know that it depends: %j', async (stranger) => {
    const asking = await preflight(stranger, { 'access-control-request-headers': 'authorization' });
    const answer = await ask(vallum, '/v1/models', {
      key: vallum.secrets.apiKey,
      headers: { origin: stranger },
    });
    expect(asking.status).toBe(404);
    for (const { headers } of [asking, answer]) {
      expect(headers.vary).toBe('Origin');
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  });

  it('may not have headers allowed that are none', async () => {
    for (const wanted of [
      'a b',
      'a,,b',
      'x:y',
      'ä',
      'a'.repeat(100),
      Array.from({ length: 100 }, () => 'a').join(),
    ])
      expect(
        (await preflight(origin, { 'access-control-request-headers': wanted })).headers[
          'access-control-allow-headers'
        ],
      ).toBeUndefined();
  });
});
