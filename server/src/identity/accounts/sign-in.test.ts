import { randomBytes } from 'node:crypto';
import { type UserId, uuidOf } from '@vallum/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId, systemClock } from '../../kernel/index.ts';
import { type Doors, sql } from '../../platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from '../../platform/postgres/testing/test-database.ts';
import { postgresAccounts } from '../adapters/accounts-postgres.ts';
import { postgresDirectory } from '../adapters/directory-postgres.ts';
import { postgresSessions } from '../adapters/sessions-postgres.ts';
import { createPasswords } from '../password.ts';
import { createSessions } from '../sessions/sessions.ts';
import {
  changeIn,
  keptLedger,
  type TestOrganization,
  testOrganization,
} from '../testing/test-organization.ts';
import { createHashing } from './hashing.ts';
import { attemptLimits, networkOf, windowOf } from './lockout.ts';
import { createSignIn, type SignIn } from './sign-in.ts';
import { createSecretBox } from './totp/secret-box.ts';
import { newTotpSecret, totpCode } from './totp/totp.ts';

const password = 'plinth gravel oboe wicker';
const peppers = [{ version: 1, key: Buffer.alloc(32, 7) }];
const box = createSecretBox(randomBytes(32));
/** In a thousandth of the time: what is tested here is not how long it takes. */
const passwords = createPasswords({ N: 2 ** 7, r: 8, p: 1 });

let database: TestDatabase;
let of: TestOrganization;
let stored: string;
beforeAll(async () => {
  database = await testDatabase();
  stored = await passwords.hash(password);
  of = await testOrganization(database, stored);
});
afterAll(() => database.close());

/** Statements that were sent, and hashes that were made, since somebody looked. */
let work: { statements: number; hashes: number };
let nowMs: number;
let ledger: ReturnType<typeof keptLedger>;
let signIn: SignIn;
let store: ReturnType<typeof postgresAccounts>;
/** Networks are each used once: what one test tries is not another one's. */
let network = 0;
beforeEach(() => {
  work = { statements: 0, hashes: 0 };
  // The middle of a window, which does not end while a test goes on.
  nowMs = windowOf(Date.now(), attemptLimits) + attemptLimits.windowMs / 2;
  network += 1;
  ledger = keptLedger();
  const clock = { ...systemClock, now: () => nowMs };
  const { doors } = database;
  const counted: Pick<Doors, 'withTenant' | 'lookupSession'> = {
    lookupSession: doors.lookupSession,
    withTenant(scope, statements) {
      work.statements += statements.length;
      return doors.withTenant(scope, statements);
    },
  };
  store = postgresAccounts(counted);
  const hashing = createHashing({ atOnce: 2, waiting: 64, waitingOfOne: 64 });
  signIn = createSignIn({
    store,
    sessions: createSessions({
      store: postgresSessions(counted),
      ledger,
      peppers,
      clock,
      sameOrigin: { check() {} },
      idleMs: 1_800_000,
      absoluteMs: 43_200_000,
      ratePerMinute: 600,
      secure: false,
      forget() {},
      onTrouble(error) {
        throw error;
      },
    }),
    directory: postgresDirectory(doors),
    ledger,
    hashing: {
      run(from, task) {
        work.hashes += 1;
        return hashing.run(from, task);
      },
    },
    passwords,
    box,
    peppers,
    clock,
    onTrouble(error) {
      throw error;
    },
  });
});

const coming = (more: object = {}) => ({
  address: `10.0.${network}.1`,
  client: 'a test',
  request: newId('request', nowMs),
  ...more,
});
const by = (email: string, typed: string, more: { code?: string; address?: string } = {}) =>
  signIn.byPassword(
    email,
    { password: typed, code: more.code },
    coming(more.address ? { address: more.address } : {}),
  );
const refused = { code: 'sign-in-refused' };
const set = (user: UserId, what: ReturnType<typeof sql>) =>
  database.doors.withTenant({ organization: of.organization, tenant: of.production }, [
    sql`UPDATE users SET ${what} WHERE id = ${uuidOf(user)}`,
  ]);
/** A user with this file's password. */
const settle = (name: string) => of.addUser(`${name}@example.org`, 'auditor', stored);

describe('a password', () => {
  it('is right, however it is typed, and no other is', async () => {
    expect(await passwords.verify(password, stored)).toBe(true);
    // U+FB01, one character, for two letters.
    expect(await passwords.verify('ﬁve-Ångström', await passwords.hash('five-A\u030angstro\u0308m'))).toBe(
      true,
    );
    for (const wrong of [`${password} `, password.toUpperCase(), ''])
      expect(await passwords.verify(wrong, stored)).toBe(false);
    expect(await passwords.verify(password, undefined)).toBe(false);
    await expect(passwords.verify(password, 'md5$x')).rejects.toThrow();
  });
});

describe('a sign-in', () => {
  it('opens a session, in the first tenant where the user has a role, and is on record', async () => {
    const { session, mustChangePassword } = await by(` ${of.ownerEmail.toUpperCase()} `, password);
    expect(session).toMatchObject({ user: of.owner, tenant: of.production, method: 'password' });
    expect(mustChangePassword).toBe(false);
    expect(ledger.entries.map(changeIn)).toEqual(['session.opened']);
    expect(JSON.stringify(ledger.entries)).not.toContain('example.org');
  });

  it('goes where it is asked to, if the user has a role there', async () => {
    const user = await settle('here');
    await database.doors.withTenant({ organization: of.organization, tenant: of.production }, [
      sql`UPDATE users SET name = 'x' WHERE false`,
      sql`DELETE FROM role_assignments WHERE principal_id = ${uuidOf(user)}`,
    ]);
    await expect(by('here@example.org', password)).rejects.toMatchObject({ code: 'policy-denied' });
    await of.assign(user, 'developer', of.development);
    expect((await by('here@example.org', password)).session.tenant).toBe(of.development);
    const to = (tenant: typeof of.production) =>
      signIn.byPassword('here@example.org', { password }, coming({ tenant }));
    expect((await to(of.development)).session.tenant).toBe(of.development);
    await expect(to(of.production)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('asks the same of everybody who is refused: as many statements and one hash, whoever is meant and if nobody is', async () => {
    const locked = await settle('locked');
    await set(locked, sql`locked_until = now() + interval '1 day', failures = 9`);
    const disabled = await settle('disabled');
    await set(disabled, sql`disabled_at = now()`);
    const vouched = await settle('vouched');
    await set(vouched, sql`password = NULL`);
    const invited = await settle('invited');
    await set(invited, sql`one_time_until = now() - interval '1 day'`);
    const cases: Readonly<Record<string, readonly [email: string, typed: string]>> = {
      'a wrong password': [of.ownerEmail, 'not the password'],
      'an unknown address': ['nobody@example.org', password],
      'no address': ['\\', password],
      'a locked account, with its password': ['locked@example.org', password],
      'a disabled account, with its password': ['disabled@example.org', password],
      'an account of an identity provider': ['vouched@example.org', password],
      'a password that opened until a moment ago': ['invited@example.org', password],
    };
    const told: Record<string, unknown> = {};
    for (const [which, [email, typed]] of Object.entries(cases)) {
      work = { statements: 0, hashes: 0 };
      const fault = await by(email, typed).catch((error: unknown) => error);
      told[which] = { ...work, fault: JSON.stringify(fault), message: String(fault) };
    }
    const [first] = Object.values(told);
    expect(first).toMatchObject({ hashes: 1 });
    for (const [which, each] of Object.entries(told)) expect({ which, each }).toEqual({ which, each: first });
  });

  it('takes as much work for nobody as for somebody', async () => {
    const real = createPasswords();
    const one = await real.hash(password);
    const cpuOf = async (kept: string | undefined): Promise<number> => {
      const before = process.cpuUsage();
      await real.verify('a wrong one', kept);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const [somebody, nobody] = [await cpuOf(one), await cpuOf(undefined)];
    // Work without the derivation would be a thousandth.
    expect(nobody).toBeGreaterThan(somebody / 4);
    expect(nobody).toBeLessThan(somebody * 4);
  });
});

describe('too many tries', () => {
  const attempt = (email: string, at = nowMs, from = network) =>
    store.attempt(
      { organization: of.organization, who: { email }, network: Buffer.alloc(32, from), nowMs: at },
      { ...attemptLimits, ofNetwork: 1_000 },
    );
  const lockOf = (found: Awaited<ReturnType<typeof attempt>>): number | string | undefined =>
    typeof found === 'string' ? found : found.lockedUntilMs && found.lockedUntilMs - nowMs;

  it('lock an account for longer each time, and never for longer than a quarter of an hour', async () => {
    await settle('longer');
    const locks: unknown[] = [];
    for (let i = 0; i < 18; i += 1) {
      const lock = lockOf(await attempt('longer@example.org'));
      locks.push(lock);
      if (typeof lock === 'number') {
        // While it is locked, tries neither count nor prolong it.
        for (const part of [0.1, 0.9])
          expect(await attempt('longer@example.org', nowMs + lock * part)).toBe('nobody');
        nowMs += lock;
      }
    }
    const seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900];
    expect(locks).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      ...seconds.map((each) => each * 1_000),
    ]);
  });

  it('are counted before anything is compared: of many at once no more are free', async () => {
    await settle('many');
    const found = await Promise.all(Array.from({ length: 40 }, () => attempt('many@example.org')));
    expect(found.filter((each) => each !== 'nobody')).toHaveLength(attemptLimits.free + 1);
  });

  it('are forgotten after a sign-in, and not because a code was missing', async () => {
    const user = await settle('forgotten');
    const secret = newTotpSecret();
    for (let i = 0; i < 3; i += 1) await attempt('forgotten@example.org');
    await by('forgotten@example.org', password);
    expect(await attempt('forgotten@example.org')).toMatchObject({ failures: 1 });
    await set(user, sql`totp = ${box.seal(user, secret)}, totp_confirmed_at = now()`);
    for (let i = 0; i < 3; i += 1)
      await expect(by('forgotten@example.org', password)).rejects.toMatchObject({ code: 'code-required' });
    expect(await attempt('forgotten@example.org')).toMatchObject({ failures: 2, lockedUntilMs: undefined });
  });

  it('at the code count like wrong passwords, so that who knows the password cannot try all codes', async () => {
    const user = await settle('codes');
    const secret = newTotpSecret();
    await set(user, sql`totp = ${box.seal(user, secret)}, totp_confirmed_at = now()`);
    const step = Math.floor(nowMs / 30_000);
    const right = totpCode(secret, step);
    const near = new Set([-1, 0, 1].map((offset) => totpCode(secret, step + offset)));
    const wrong = ['000000', '111111', '222222', '333333'].find((each) => !near.has(each)) ?? '';
    for (let i = 0; i <= attemptLimits.free; i += 1)
      await expect(by('codes@example.org', password, { code: wrong })).rejects.toMatchObject(refused);
    await expect(by('codes@example.org', password, { code: right })).rejects.toMatchObject(refused);
    await expect.poll(() => ledger.entries.map(changeIn)).toContain('user.locked');
    nowMs += 1_000;
    expect((await by('codes@example.org', password, { code: right })).session.method).toBe('password+totp');
    // RFC 6238, 5.2: a code is taken once, by whomever.
    await expect(by('codes@example.org', password, { code: right })).rejects.toMatchObject(refused);
  });

  it('of one code at once are one: two processes do not both take it', async () => {
    const user = await settle('race');
    await set(user, sql`totp = ${box.seal(user, newTotpSecret())}, totp_confirmed_at = now()`);
    const taken = await Promise.all(
      Array.from({ length: 12 }, () =>
        store.useTotpStep({ organization: of.organization, user }, 58_000_000),
      ),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await store.useTotpStep({ organization: of.organization, user }, 57_999_999)).toBe(false);
    expect(await store.useTotpStep({ organization: of.organization, user }, 58_000_001)).toBe(true);
  });
});

describe('passwords that are sprayed over accounts', () => {
  const limits = { ...attemptLimits, ofNetwork: 4, ofNetworkInSpray: 1, spray: 10 };
  const attempt = (from: number, who = `nobody-${Math.random()}@example.org`) =>
    store.attempt(
      { organization: of.organization, who: { email: who }, network: Buffer.alloc(32, from), nowMs },
      limits,
    );

  it('end for the network that they come from, whosever they are, and for no other', async () => {
    nowMs += 10 * attemptLimits.windowMs;
    const user = await settle('sprayed');
    const email = 'sprayed@example.org';
    for (let i = 0; i < 4; i += 1) expect(await attempt(201)).toBe('nobody');
    expect(await attempt(201)).toBe('too-many');
    expect(await attempt(201, email)).toBe('too-many');
    expect(await attempt(202, email)).toMatchObject({ user });
    // Who is refused for it does not lock anybody.
    expect(await attempt(202, email)).toMatchObject({ failures: 2 });
    nowMs += attemptLimits.windowMs;
    expect(await attempt(201, email)).toMatchObject({ user });
    await store.takeBack(
      { organization: of.organization, who: { user }, network: Buffer.alloc(32, 201), nowMs },
      limits,
      user,
      true,
    );
  });

  it('from many networks leave each one a single try, and one network alone cannot make it look so', async () => {
    nowMs += 20 * attemptLimits.windowMs;
    for (let i = 0; i < 40; i += 1) await attempt(210);
    expect(await attempt(211)).toBe('nobody');
    expect(await attempt(211)).toBe('nobody');
    for (let from = 212; from < 216; from += 1) await attempt(from);
    expect(await attempt(216)).toBe('nobody');
    expect(await attempt(216)).toBe('too-many');
    // A sign-in that succeeds is none of them.
    expect(await attempt(217, of.ownerEmail)).toMatchObject({ user: of.owner });
    const of217 = {
      organization: of.organization,
      who: { user: of.owner },
      network: Buffer.alloc(32, 217),
      nowMs,
    };
    await store.takeBack(of217, limits, of.owner, true);
    expect(await attempt(217, of.ownerEmail)).toMatchObject({ user: of.owner });
  });

  it.each([
    ['203.0.113.7', '203.0.113'],
    ['::ffff:203.0.113.7', '203.0.113'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('come from the network of an address: %s', (address, network_) => {
    expect(networkOf(address)).toBe(network_);
  });

  it('are told when it is over', async () => {
    nowMs += 40 * attemptLimits.windowMs;
    for (let i = 0; i < attemptLimits.ofNetwork; i += 1)
      await store.attempt(
        { organization: of.organization, who: { email: 'x' }, network: Buffer.alloc(32, 1), nowMs },
        attemptLimits,
      );
    await expect(
      store.attempt(
        { organization: of.organization, who: { email: 'x' }, network: Buffer.alloc(32, 1), nowMs },
        attemptLimits,
      ),
    ).resolves.toBe('too-many');
    for (let i = 0; i <= attemptLimits.ofNetwork; i += 1)
      await by('x@example.org', 'x', { address: '10.9.9.9' }).catch(() => {});
    await expect(by('x@example.org', 'x', { address: '10.9.9.77' })).rejects.toMatchObject({
      code: 'rate-limited',
      retryAfterSeconds: attemptLimits.windowMs / 2_000,
    });
  });
});
