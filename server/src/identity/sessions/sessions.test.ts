import { uuidOf } from '@vallum/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Arrival, Exchange, newId, type Route, systemClock } from '../../kernel/index.ts';
import { sql } from '../../platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from '../../platform/postgres/testing/test-database.ts';
import { postgresSessions } from '../adapters/sessions-postgres.ts';
import {
  changeIn,
  keptLedger,
  type TestOrganization,
  testOrganization,
} from '../testing/test-organization.ts';
import { createSameOrigin } from './same-origin.ts';
import { sessionCookie } from './session-cookie.ts';
import { isSession, mintSession } from './session-text.ts';
import { createSessions, type Sessions } from './sessions.ts';

let database: TestDatabase;
let of: TestOrganization;
beforeAll(async () => {
  database = await testDatabase();
  of = await testOrganization(database);
});
afterAll(() => database.close());

const minuteMs = 60_000;
const idleMs = 30 * minuteMs;
const absoluteMs = 12 * 60 * minuteMs;

let nowMs: number;
let forgotten: number;
let ledger: ReturnType<typeof keptLedger>;
let sessions: Sessions;
beforeEach(() => {
  nowMs = Date.now();
  forgotten = 0;
  ledger = keptLedger();
  sessions = createSessions({
    store: postgresSessions(database.doors),
    ledger,
    peppers: [{ version: 1, key: Buffer.alloc(32, 7) }],
    clock: { ...systemClock, now: () => nowMs },
    sameOrigin: createSameOrigin('https://vallum.example.org'),
    idleMs,
    absoluteMs,
    ratePerMinute: 600,
    secure: true,
    forget: () => {
      forgotten += 1;
    },
    onTrouble: (error) => {
      throw error;
    },
  });
});

const opening = () => ({
  organization: of.organization,
  tenant: of.production,
  user: of.owner,
  method: 'password' as const,
  client: 'Mozilla/5.0\r\nx: y',
});
const textIn = (cookie: string): string => /=([^;]*);/.exec(cookie)?.[1] ?? '';
const author = () => ({ principal: { type: 'user' as const, id: of.owner }, tenant: of.production });
const epoch = async () => Number((await database.owner.query(sql`SELECT epoch FROM control`))[0]?.epoch);

const route = (method: Route['method']): Route => ({
  method,
  path: '/x',
  action: 'account:sessions',
  summary: 'For this test',
  api: 'vallum',
  seals: 'none',
  bodyBytes: 0,
  answer() {},
});
function exchange(method: Route['method'], headers: Arrival['headers'] = {}): Exchange {
  const arrival: Arrival = {
    method,
    path: '/x',
    query: '',
    params: {},
    headers,
    rawHeaders: [],
    address: '127.0.0.1',
    body: async () => Buffer.alloc(0),
  };
  return new Exchange(newId('request', nowMs), nowMs, route(method), arrival);
}

describe("a session's text", () => {
  it('is 256 random bits that a mistyping shows in, and no API key', () => {
    const text = mintSession();
    expect(text).toMatch(/^vs_[\w-]{43}[0-9A-Za-z]{6}$/);
    expect(isSession(text)).toBe(true);
    expect(isSession(text.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')))).toBe(false);
    expect(isSession(text.slice(0, 20))).toBe(false);
    expect(mintSession()).not.toBe(text);
  });
});

describe('its cookie', () => {
  it('can be read by no script, is sent for no other site, and under TLS belongs to this host alone', () => {
    expect(sessionCookie(true).set('vs_x', 60.5)).toBe(
      '__Host-vallum-session=vs_x; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure',
    );
    expect(sessionCookie(false).set('vs_x', 60)).toBe(
      'vallum-session=vs_x; Max-Age=60; Path=/; HttpOnly; SameSite=Strict',
    );
    expect(sessionCookie(true).clear).toBe(
      '__Host-vallum-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure',
    );
  });
});

describe('a session', () => {
  it('is in the ledger before it is there, without what would open it or say who has it', async () => {
    const { session, cookie } = await sessions.open(opening());
    expect(ledger.entries.map(changeIn)).toEqual(['session.opened']);
    expect(JSON.stringify(ledger.entries)).toContain(session.id);
    expect(JSON.stringify(ledger.entries)).not.toContain(textIn(cookie));
    expect(session.client).toBe('Mozilla/5.0  x: y');
    ledger.broken = true;
    await expect(sessions.open(opening())).rejects.toThrow();
    expect(await sessions.list({ organization: of.organization, user: of.owner })).toHaveLength(1);
  });

  it('stands for its user, with the roles that they have in its tenant and no scope', async () => {
    const { session, cookie } = await sessions.open(opening());
    const found = await sessions.verifier.find(textIn(cookie));
    expect(found.caller).toEqual({
      principal: { type: 'user', id: of.owner },
      organization: of.organization,
      tenant: of.production,
      environment: 'production',
      scopes: [],
      roles: ['owner'],
      organizationRoles: ['owner'],
      credential: { kind: 'session', id: session.id },
      ratePerMinute: 600,
    });
    expect(found.expiresAtMs).toBe(nowMs + absoluteMs);
  });

  it('ends by rest, however young it is, and by age, however busy it is', async () => {
    const { cookie } = await sessions.open(opening());
    const text = textIn(cookie);
    nowMs += idleMs - 1;
    const found = await sessions.verifier.find(text);
    found.check?.(exchange('GET'));
    await expect
      .poll(async () => (await sessions.list({ organization: of.organization, user: of.owner }))[0]?.seenAtMs)
      .toBe(nowMs);
    nowMs += idleMs - 1;
    await sessions.verifier.find(text);
    nowMs += 1;
    await expect(sessions.verifier.find(text)).rejects.toMatchObject({ code: 'not-authenticated' });
    expect(found.expiresAtMs).toBeLessThanOrEqual(nowMs - 2 * idleMs + 1 + absoluteMs);
  });

  it('has its use noted once a minute, not at each request', async () => {
    const { session, cookie } = await sessions.open(opening());
    const found = await sessions.verifier.find(textIn(cookie));
    const seen = async () =>
      (await sessions.list({ organization: of.organization, user: of.owner })).find(
        ({ id }) => id === session.id,
      )?.seenAtMs;
    const began = nowMs;
    nowMs += minuteMs - 1;
    found.check?.(exchange('GET'));
    nowMs += 1;
    found.check?.(exchange('GET'));
    await expect.poll(seen).toBe(began + minuteMs);
    nowMs += minuteMs - 1;
    found.check?.(exchange('GET'));
    expect(await seen()).toBe(began + minuteMs);
  });

  it('that is closed opens nothing any more, is on record before, and every process is told', async () => {
    const [one, other] = [await sessions.open(opening()), await sessions.open(opening())];
    const before = await epoch();
    const closing = { organization: of.organization, user: of.owner, session: one.session.id };
    expect(await sessions.close(closing, author())).toBe(1);
    expect(await epoch()).toBe(before + 1);
    expect(forgotten).toBe(1);
    expect(ledger.entries.map(changeIn).at(-1)).toBe('session.closed');
    await expect(sessions.verifier.find(textIn(one.cookie))).rejects.toMatchObject({
      code: 'not-authenticated',
      detail: 'This session is over: sign in again.',
    });
    await sessions.verifier.find(textIn(other.cookie));
    expect(await sessions.close(closing, author())).toBe(0);
  });

  it('can be the only one that is left of all of a user', async () => {
    const [one, other] = [await sessions.open(opening()), await sessions.open(opening())];
    const all = { organization: of.organization, user: of.owner };
    await sessions.close({ ...all, except: one.session.id }, author());
    expect((await sessions.list(all)).map(({ id }) => id)).toEqual([one.session.id]);
    await expect(sessions.verifier.find(textIn(other.cookie))).rejects.toMatchObject({
      code: 'not-authenticated',
    });
    await sessions.close(all, author());
    expect(await sessions.list(all)).toEqual([]);
  });

  it('gets another text when its rights change, and the old one is worth nothing from then on', async () => {
    const { session, cookie } = await sessions.open(opening());
    const moved = await sessions.renew(
      { organization: of.organization, user: of.owner, session: session.id, tenant: of.development },
      author(),
    );
    expect(moved.session).toMatchObject({ id: session.id, tenant: of.development });
    await expect(sessions.verifier.find(textIn(cookie))).rejects.toMatchObject({ code: 'not-authenticated' });
    expect((await sessions.verifier.find(textIn(moved.cookie))).caller).toMatchObject({
      tenant: of.development,
      environment: 'development',
    });
  });

  it('of a user who has yet to choose a password has no role, and of one who is disabled is none', async () => {
    const user = await of.addUser('joe@example.org', 'auditor');
    const { cookie } = await sessions.open({ ...opening(), user });
    const set = (what: ReturnType<typeof sql>) =>
      database.doors.withTenant({ organization: of.organization, tenant: of.production }, [
        sql`UPDATE users SET ${what} WHERE id = ${uuidOf(user)}`,
      ]);
    expect((await sessions.verifier.find(textIn(cookie))).caller.roles).toEqual(['auditor']);
    await set(sql`one_time_until = now() + interval '1 day'`);
    expect((await sessions.verifier.find(textIn(cookie))).caller).toMatchObject({
      roles: [],
      organizationRoles: [],
    });
    await set(sql`one_time_until = NULL, disabled_at = now()`);
    await expect(sessions.verifier.find(textIn(cookie))).rejects.toMatchObject({ code: 'not-authenticated' });
    await set(sql`disabled_at = NULL`);
    await sessions.verifier.find(textIn(cookie));
  });
});

describe('a request that is made by cookie', () => {
  const ours = 'https://vallum.example.org';
  const check = createSameOrigin(ours);

  it.each<[string, Arrival['headers'], boolean]>([
    ['a page of ours', { 'sec-fetch-site': 'same-origin' }, true],
    ['a page of ours, by an older browser', { origin: ours }, true],
    ['a page of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false],
    ['another site of our domain', { 'sec-fetch-site': 'same-site' }, false],
    ['the address bar', { 'sec-fetch-site': 'none' }, false],
    ['what says two things', { 'sec-fetch-site': 'cross-site', origin: ours }, false],
    ['another origin', { origin: 'https://vallum.example.org.evil.example' }, false],
    ['another port', { origin: 'https://vallum.example.org:8443' }, false],
    ['without TLS', { origin: 'http://vallum.example.org' }, false],
    ['a page without an origin', { origin: 'null' }, false],
    ['a host that it chose itself', { origin: 'https://evil.example', host: 'evil.example' }, false],
    ['what says nothing', {}, false],
  ])('and changes something is from %s: %j', (_, headers, good) => {
    const asking = () => check.check(exchange('POST', headers));
    if (good) expect(asking).not.toThrow();
    else expect(asking).toThrow(expect.objectContaining({ code: 'cross-site' }));
    // To read is not to change.
    expect(() => check.check(exchange('GET', headers))).not.toThrow();
  });

  it('or asks for one is refused for pages of others only: programs say nothing', () => {
    expect(() => check.checkOpen(exchange('POST'))).not.toThrow();
    expect(() => check.checkOpen(exchange('POST', { origin: 'https://evil.example' }))).toThrow();
    expect(() => check.checkOpen(exchange('POST', { 'sec-fetch-site': 'cross-site' }))).toThrow();
  });

  it('is compared with what it calls us where we were not told our own name', () => {
    const unnamed = createSameOrigin(undefined);
    const from = (origin: string) => exchange('POST', { origin, host: 'localhost:8000' });
    expect(() => unnamed.check(from('http://localhost:8000'))).not.toThrow();
    expect(() => unnamed.check(from('http://localhost:9000'))).toThrow();
  });
});
