import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../support/administer.ts';
import { type Answer, ask, askRaw } from '../support/ask.ts';
import { logLines } from '../support/log-lines.ts';
import { user } from '../support/openai-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* Strings that mean something to a database, a header, a log, a shell or a prototype: here they are strings, in every place where one can stand. */

let vallum: Vallum;
let key: string;
let adminKey: string;
beforeAll(async () => {
  // The WAF only puts them on record: what is behind it must hold by itself.
  vallum = await startVallum({ settings: { log: { level: 'debug' }, waf: { mode: 'detect' } } });
  ({ key } = await makeKey(vallum));
  ({ key: adminKey } = await makeKey(vallum, {
    scopes: ['vallum:admin', 'vallum:read', 'vallum:write', 'models:invoke'],
  }));
});
afterAll(() => vallum?.remove());

/** Is in each string below, and so may be nowhere in the log. */
const planted = 'QZXPLANTED';
const strings: readonly string[] = [
  `' OR '1'='1' -- ${planted}`,
  `'; DROP TABLE ledger_entries; -- ${planted}`,
  `1); SELECT pg_sleep(30); -- ${planted}`,
  `$1 $2 ${planted} :name %s %n`,
  `\\'; COPY api_keys TO PROGRAM 'id' -- ${planted}`,
  `${planted}\r\nset-cookie: a=b\r\n\r\nHTTP/1.1 200 OK`,
  `${planted}\n{"level":"error","event":"forged"}`,
  `${planted}\u0000\u0007\u001b[31m\u001b]0;title\u0007\u009b31m`,
  `\u202e${planted}\u2028\u2029\ufeff`,
  `../../../../etc/passwd#${planted}`,
  `\${jndi:ldap://127.0.0.1/${planted}}`,
  `{{7*7}}<%= 7 %>\${7*7}${planted}`,
  `<script>alert("${planted}")</script>`,
  `$(touch /tmp/${planted})\`id\``,
  `__proto__.${planted}`,
  planted.repeat(40),
];

/** What every answer must be, whatever was asked. */
function expectSound(answer: Answer, how: string): void {
  expect({ how, status: answer.status, text: answer.text.slice(0, 300) }).toEqual({
    how,
    status: expect.toSatisfy((status: number) => status >= 200 && status < 500),
    text: expect.any(String),
  });
  expect(Object.keys(answer.headers)).not.toContain('set-cookie');
  expect(answer.rawHeaders.join('\n')).not.toContain(planted);
  if (answer.status >= 400) expect(answer.headers['content-type']).toMatch(/^application\/(problem\+)?json$/);
}

const chat = (more: object): object => ({ model: 'rehearsal', messages: [user('Hello')], ...more });

describe.each(strings.map((text) => [JSON.stringify(text).slice(0, 60), text] as const))(
  'the string %s',
  (_, text) => {
    it('in a path or a query is an error of the caller, or nothing that is there', async () => {
      const part = encodeURIComponent(text);
      const paths = [
        `/v1/requests/${part}`,
        `/v1/ledger/entries/${part}/proof`,
        `/v1/ledger/entries/${part}/opening`,
        `/v1/keys/${part}`,
        `/ledger/tile/${part}`,
        `/ledger/logs/${part}/checkpoint`,
        `/${part}`,
        ...['limit', 'cursor', 'tenant', part].flatMap((name) => [
          `/v1/requests?${name}=${part}`,
          `/v1/keys?${name}=${part}`,
          `/v1/tenants?${name}=${part}`,
        ]),
      ];
      for (const path of paths) {
        const answer = await ask(vallum, path, { key: adminKey });
        expectSound(answer, path);
        expect({ path, status: answer.status }).toEqual({
          path,
          status: expect.toSatisfy((s: number) => s === 400 || s === 404),
        });
      }
      for (const path of [
        `/v1/keys/${part}`,
        `/v1/keys/key_01890a5d-ac96-774b-bcce-b302099a8057?tenant=${part}`,
      ])
        expect((await ask(vallum, path, { key: adminKey, method: 'DELETE' })).status).toBe(400);
    });

    it('in a body is content, a name, or an error', async () => {
      const bodies: readonly [path: string, body: object][] = [
        ['/v1/tenants', { name: text, environment: 'production' }],
        ['/v1/tenants', { name: 'x', environment: text }],
        ['/v1/keys', { name: text, scopes: ['vallum:read'] }],
        ['/v1/keys', { name: 'x', scopes: [text] }],
        ['/v1/keys', { name: 'x', scopes: ['vallum:read'], tenant: text }],
        ['/v1/keys', { name: 'x', scopes: ['vallum:read'], expires_at: text }],
        ['/v1/keys', { name: 'x', scopes: ['vallum:read'], rate_per_minute: text }],
        ['/v1/keys', { name: 'x', scopes: ['vallum:read'], [text]: 1 }],
        ['/v1/chat/completions', chat({ model: text })],
        ['/v1/chat/completions', chat({ messages: [user(text)] })],
        ['/v1/chat/completions', chat({ messages: [{ role: text, content: 'x' }] })],
        ['/v1/chat/completions', chat({ user: text, metadata: { [text]: text }, [text]: text })],
        ['/v1/chat/completions', chat({ messages: [user(text)], stream: true })],
        [
          '/v1/chat/completions',
          chat({ tools: [{ type: 'function', function: { name: text } }], tool_choice: 'required' }),
        ],
      ];
      for (const [path, body] of bodies)
        expectSound(await ask(vallum, path, { key: adminKey, body }), `${path} ${JSON.stringify(body)}`);
    });

    it('in a header is nothing to anybody', async () => {
      // What a client library refuses to send goes out as bytes; a line end in a header is then another header.
      const value = Buffer.from(text).toString('latin1');
      for (const name of [
        'authorization',
        'x-api-key',
        'x-forwarded-for',
        'x-request-id',
        'traceparent',
        'cookie',
        'user-agent',
        'accept',
        'content-type',
      ]) {
        const said = await askRaw(
          vallum,
          `GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\nx-api-key: ${key}\r\n${name}: ${value}\r\n\r\n`,
        );
        expect({ name, said: said.slice(0, 40) }).toEqual({
          name,
          said: expect.stringMatching(/^HTTP\/1\.1 [24]\d\d /),
        });
        expect(said).not.toMatch(/^set-cookie/im);
        expect(said).not.toContain(planted);
      }
      const said = await askRaw(
        vallum,
        `GET /${value} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`,
      );
      expect(said).toMatch(/^HTTP\/1\.1 [24]\d\d /);
    });
  },
);

describe('half a character, which no database stores', () => {
  it.each(['\ud800', 'a\udc00b'])('is a sound answer: %j', async (half) => {
    for (const [path, body] of [
      ['/v1/tenants', { name: half, environment: 'production' }],
      ['/v1/keys', { name: half, scopes: ['vallum:read'] }],
      ['/v1/chat/completions', chat({ messages: [user(half)] })],
      ['/v1/chat/completions', chat({ model: half })],
      ['/v1/chat/completions', chat({ [half]: half })],
    ] as const)
      expectSound(await ask(vallum, path, { key: adminKey, body }), `${path} ${JSON.stringify(body)}`);
  });
});

describe('members named like what objects have', () => {
  it.each([
    '{"__proto__":{"scopes":["vallum:admin"],"isAdmin":true},"name":"x","environment":"production"}',
    '{"constructor":{"prototype":{"scopes":["vallum:admin"]}},"name":"x","environment":"production"}',
    '{"name":"x","environment":"production","toString":1}',
  ])('are unknown members, and change no object: %s', async (body) => {
    expect((await ask(vallum, '/v1/tenants', { key: adminKey, body })).status).toBe(400);
    const one =
      '{"model":"rehearsal","messages":[{"role":"user","content":"Hi","__proto__":{"content":"x"}}],"__proto__":{"model":"x"},"constructor":{}}';
    expectSound(await ask(vallum, '/v1/chat/completions', { key, body: one }), one);
    expectSound(
      await ask(vallum, '/v1/requests?__proto__=1&constructor=2&hasOwnProperty=3', { key }),
      'query',
    );
    // Who has no right to it has none now.
    expect((await ask(vallum, '/v1/tenants', { key })).status).toBe(403);
  });
});

describe('afterwards', () => {
  it('the log has whole lines, and in none of them a word, a key or a secret of anybody', () => {
    const { stdout, stderr } = vallum.output;
    const lines = logLines(stdout);
    expect(lines.some(({ event }) => event === 'forged')).toBe(false);
    const { adminPassword, ...secrets } = vallum.secrets;
    for (const secret of [
      planted,
      key,
      adminKey,
      adminPassword,
      secrets.adminKey,
      secrets.apiKey,
      secrets.developmentApiKey,
    ])
      expect(`${stdout}${stderr}`).not.toContain(secret);
  });

  it('no fault was unexpected, and everything works', async () => {
    expect(
      logLines(vallum.output.stdout).filter(({ level, status }) => level === 'error' || status === 500),
    ).toEqual([]);
    expect((await ask(vallum, '/v1/chat/completions', { key, body: chat({}) })).status).toBe(200);
    const list = await ask(vallum, '/v1/requests?limit=200', { key: adminKey });
    expect(list.status).toBe(200);
  });
});
