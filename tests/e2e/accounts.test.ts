import { existsSync } from 'node:fs';
import path from 'node:path';
import type { me as meSchema, session as sessionSchema, user as userSchema } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { ask } from '../support/ask.ts';
import { appCode, appCodes } from '../support/authenticator-app.ts';
import { type Browser, invite, openBrowser, settle } from '../support/browser.ts';
import { softwareAuthenticator } from '../support/software-authenticator.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* People with accounts of their own: how they come in, what they sign in with, where they go, and how they are put out. */

type Me = z.output<typeof meSchema>;
type User = z.output<typeof userSchema>;
type Session = z.output<typeof sessionSchema>;

/** Each password that is compared costs a third of a second of a core, and more where others want it too. */
const limitMs = 240_000;
const chosen = 'plinth gravel oboe wicker';

let vallum: Vallum;
/** The first administrator's browser, signed in with the password of the first start. */
let admin: Browser;
let home: Me;
/** Somebody who signs in with everything there is. */
const person = { email: 'person@example.org', role: 'auditor', from: '127.0.20.1' };
let browser: Browser;
let personId: string;
beforeAll(async () => {
  vallum = await startVallum();
  admin = openBrowser(vallum);
  const { adminEmail, adminPassword } = vallum.secrets;
  expect((await admin.signIn(adminEmail, adminPassword)).status).toBe(201);
  home = await admin.good<Me>('/v1/users/me');
  ({ id: personId, browser } = await settle(vallum, admin, person, chosen));
}, limitMs);
afterAll(() => vallum?.remove());

const development = (): string =>
  home.tenants.find(({ environment }) => environment === 'development')?.id ?? '';
/** What opens each entry of the administrator's tenant, up to now. */
async function openings(): Promise<string[]> {
  const { headers } = await admin.ask('/v1/sessions/ses_01890a5d-ac96-774b-bcce-b302099a8057', {
    method: 'DELETE',
  });
  const texts: string[] = [];
  for (let index = 0; index < Number(headers['x-vallum-ledger-index']); index += 1) {
    const answer = await admin.ask(`/v1/ledger/entries/${index}/opening`);
    // Entries of other tenants, and of none, answer as those that are not there.
    if (answer.status === 200) texts.push(answer.text);
  }
  return texts;
}

describe('the first administrator', { timeout: limitMs }, () => {
  it('signs in with what the first start wrote, owns everything, and may go to each tenant', () => {
    expect(home).toMatchObject({
      email: vallum.secrets.adminEmail,
      roles: ['owner'],
      must_change_password: false,
    });
    expect(home.tenants.map(({ environment }) => environment)).toEqual(['production', 'development']);
    expect(home.tenant).toBe(home.tenants[0]?.id);
  });

  it('has a cookie that no script reads and that goes to no other site', () => {
    expect(admin.cookie()).toMatch(/^vallum-session=vs_[\w-]{43}[0-9A-Za-z]{6}$/);
    expect(admin.attributes()).toEqual(['Max-Age=43200', 'Path=/', 'HttpOnly', 'SameSite=Strict']);
  });
});

describe('somebody who is invited', { timeout: limitMs }, () => {
  it('comes in with a password that opens once, chooses another, and is then what they were made', async () => {
    const { id, email, password } = await invite(admin, 'Jane@Example.org', 'auditor');
    const jane = openBrowser(vallum);
    const answer = await jane.signIn(email, password);
    expect(answer.json()).toMatchObject({
      user: id,
      method: 'password',
      must_change_password: true,
      current: true,
    });
    const first = jane.cookie();
    expect((await jane.ask('/v1/requests')).status).toBe(403);
    expect(await jane.good<Me>('/v1/users/me')).toMatchObject({
      email: 'jane@example.org',
      roles: [],
      must_change_password: true,
    });
    const change = (old_password: string, new_password: string) =>
      jane.ask('/v1/users/me/password', { body: { old_password, new_password } });
    for (const weak of ['short', 'Password2026!!', 'jane.example.2026', 'x'.repeat(129), password])
      expect((await change(password, weak)).status).toBe(400);
    expect((await change('not the password', chosen)).json()).toMatchObject({ code: 'sign-in-refused' });
    expect((await change(password, chosen)).json()).toMatchObject({ id, must_change_password: false });

    // Rights have changed, so what was known of the session before is worth nothing.
    expect(jane.cookie()).not.toBe(first);
    await expect
      .poll(async () => (await openBrowser(vallum, '127.0.0.1', first).ask('/v1/users/me')).status)
      .toBe(401);
    await expect.poll(async () => (await jane.ask('/v1/requests')).status).toBe(200);
    expect((await openBrowser(vallum).signIn(email, password)).status).toBe(401);
    expect((await openBrowser(vallum).signIn('JANE@example.ORG', chosen)).status).toBe(201);
  });

  it('is there once, and is one of the users that administrators see', async () => {
    await invite(admin, 'twice@example.org', 'developer');
    const again = await admin.ask('/v1/users', { body: { email: 'Twice@Example.org' } });
    expect(again.json()).toMatchObject({ status: 409, code: 'conflict' });
    for (const email of ['no address', 'a@b@c', 'ä@example.org', '', `${'x'.repeat(320)}@example.org`])
      expect((await admin.ask('/v1/users', { body: { email } })).status).toBe(400);
    const { data } = await admin.good<{ data: User[] }>('/v1/users');
    expect(data.filter(({ email }) => email === 'twice@example.org')).toHaveLength(1);
    const one = data[0];
    expect(await admin.good<User>(`/v1/users/${one?.id}`)).toEqual(one);
    expect(
      await admin.good<User>(`/v1/users/${one?.id}`, { method: 'PATCH', body: { name: 'Joe' } }),
    ).toEqual({
      ...one,
      name: 'Joe',
    });
  });

  it('without a role has nowhere to go, and is told so after the password alone', async () => {
    const body = { email: 'roleless@example.org' };
    const { one_time: oneTime } = await admin.good<{ one_time: { password: string } }>('/v1/users', { body });
    const { status, headers } = await openBrowser(vallum).signIn(body.email, oneTime.password);
    expect({ status, cookie: headers['set-cookie'] }).toEqual({ status: 403, cookie: undefined });
    expect((await openBrowser(vallum).signIn(body.email, 'wrong')).status).toBe(401);
  });
});

describe('a session', { timeout: limitMs }, () => {
  it('goes to another tenant where its user has a role, with another cookie, and to no other', async () => {
    const mover = openBrowser(vallum);
    const { email, password } = await invite(admin, 'mover@example.org', 'developer', development());
    expect((await mover.signIn(email, password)).status).toBe(201);
    const move = (tenant: string | undefined) =>
      mover.ask('/v1/sessions/current', { method: 'PATCH', body: { tenant } });
    expect((await mover.good<Me>('/v1/users/me')).tenant).toBe(development());
    expect((await move(home.tenant)).status).toBe(404);
    expect((await move('tnt_01890a5d-ac96-774b-bcce-b302099a8057')).status).toBe(404);
    const before = mover.cookie();
    const own = openBrowser(vallum);
    await own.signIn(vallum.secrets.adminEmail, vallum.secrets.adminPassword);
    const old = own.cookie();
    expect(
      (await own.ask('/v1/sessions/current', { method: 'PATCH', body: { tenant: development() } })).json(),
    ).toMatchObject({
      tenant: development(),
      current: true,
    });
    expect(own.cookie()).not.toBe(old);
    expect((await openBrowser(vallum, '127.0.0.1', old).ask('/v1/users/me')).status).toBe(401);
    expect((await own.good<Me>('/v1/users/me')).tenant).toBe(development());
    expect(mover.cookie()).toBe(before);
  });

  it('is seen by its user with their others, and ended by them: this one, that one', async () => {
    const [other, third] = [openBrowser(vallum), openBrowser(vallum)];
    await other.signIn(person.email, chosen);
    await third.signIn(person.email, chosen);
    const { data } = await browser.good<{ data: Session[] }>('/v1/sessions');
    const client = 'a browser of a test';
    expect(data.map((each) => [each.user, each.current, each.client])).toEqual([
      [personId, false, client],
      [personId, false, client],
      [personId, true, client],
    ]);
    // Not those of others, which answer as what is not there.
    const theirs = (await admin.good<{ data: Session[] }>('/v1/sessions')).data[0]?.id;
    expect((await browser.ask(`/v1/sessions/${theirs}`, { method: 'DELETE' })).status).toBe(404);
    expect(await browser.good(`/v1/sessions/${data[1]?.id}`, { method: 'DELETE' })).toEqual({ ended: 1 });
    expect((await other.ask('/v1/sessions')).status).toBe(401);
    expect((await admin.ask('/v1/sessions')).status).toBe(200);

    const text = third.cookie();
    await third.good('/v1/sessions/current', { method: 'DELETE' });
    expect(third.cookie()).toBe('');
    expect(third.attributes()).toContain('Max-Age=0');
    expect((await openBrowser(vallum, '127.0.0.1', text).ask('/v1/sessions')).status).toBe(401);
    expect((await browser.ask('/v1/sessions')).status).toBe(200);
  });

  it('is ended by administrators, by disabling its user, and by a password that they give', async () => {
    const { id, email, password: invited } = await invite(admin, 'ended@example.org', 'auditor');
    const ended = openBrowser(vallum, '127.0.22.1');
    const works = async () => (await ended.ask('/v1/users/me')).status;
    const again = async (password = invited) => (await ended.signIn(email, password)).status;

    expect(await again()).toBe(201);
    const { data } = await admin.good<{ data: Session[] }>(`/v1/users/${id}/sessions`);
    expect(data).toHaveLength(1);
    const one = `/v1/users/${id}/sessions/${data[0]?.id}`;
    expect(await admin.good(one, { method: 'DELETE' })).toEqual({ ended: 1 });
    expect((await admin.ask(one, { method: 'DELETE' })).status).toBe(404);
    expect(await works()).toBe(401);

    expect(await again()).toBe(201);
    const change = (disabled: boolean) =>
      admin.good(`/v1/users/${id}`, { method: 'PATCH', body: { disabled } });
    expect(await change(true)).toMatchObject({ disabled_at: expect.any(String) });
    expect(await works()).toBe(401);
    expect(await again()).toBe(401);
    expect(await change(false)).toMatchObject({ disabled_at: null });
    // Who is enabled signs in again: what was ended stays so.
    expect(await works()).toBe(401);

    expect(await again()).toBe(201);
    const { password } = await admin.good<{ password: string }>(`/v1/users/${id}/password`, { body: {} });
    expect(await works()).toBe(401);
    expect(await again()).toBe(401);
    expect(await again(password)).toBe(201);
    expect(await admin.good(`/v1/users/${id}/sessions`, { method: 'DELETE' })).toEqual({ ended: 1 });
    expect(await works()).toBe(401);
  });

  it('of who may do less does not touch the account of who may do more, and nobody their own in this way', async () => {
    const { id, browser: engineer } = await settle(
      vallum,
      admin,
      { email: 'engineer@example.org', role: 'platform-engineer' },
      chosen,
    );
    for (const [target, how] of [
      [home.id, { method: 'PATCH', body: { disabled: true } }],
      [id, { method: 'PATCH', body: { disabled: true } }],
    ] as const)
      expect((await engineer.ask(`/v1/users/${target}`, how)).status).toBe(403);
    expect((await engineer.ask(`/v1/users/${home.id}/password`, { body: {} })).status).toBe(403);
    expect(
      (await admin.ask(`/v1/users/${home.id}`, { method: 'PATCH', body: { disabled: true } })).status,
    ).toBe(403);
    // The last owner stays, also where a key asks that is nobody's.
    const key = vallum.secrets.adminKey;
    const disable = { key, method: 'PATCH', body: { disabled: true } };
    expect((await ask(vallum, `/v1/users/${home.id}`, disable)).status).toBe(403);
    expect((await admin.ask('/v1/users/me')).status).toBe(200);
  });
});

describe('codes of an authenticator app', { timeout: limitMs }, () => {
  it('are asked for beside the password once confirmed, each once; recovery codes too', async () => {
    const { email, from } = person;
    const { secret, uri } = await browser.good<{ secret: string; uri: string }>('/v1/users/me/totp', {
      method: 'POST',
    });
    expect(uri).toContain(`secret=${secret}`);
    const confirm = (code: string) => browser.ask('/v1/users/me/totp/confirm', { body: { code } });
    const wrong =
      ['000000', '111111', '222222', '333333'].find((each) => !appCodes(secret).includes(each)) ?? '';
    expect((await confirm(wrong)).status).toBe(400);
    // Not yet asked for: who has scanned nothing is not locked out.
    expect((await browser.signIn(email, chosen)).status).toBe(201);
    const confirmed = await confirm(appCode(secret));
    const { recovery_codes: codes } = confirmed.json<{ recovery_codes: string[] }>();
    expect(codes).toHaveLength(10);
    expect((await browser.ask('/v1/users/me/totp', { method: 'POST' })).status).toBe(409);

    const signIn = async (code?: string) => {
      const answer = await openBrowser(vallum, from).signIn(
        email,
        chosen,
        code === undefined ? {} : { code },
      );
      const { code: fault, method } = answer.json<{ code?: string; method?: string }>();
      return fault ?? method;
    };
    expect(await signIn()).toBe('code-required');
    expect(await signIn(codes[0])).toBe('password+recovery');
    expect(await signIn(codes[0])).toBe('sign-in-refused');
    // The next half minute's: the one that confirmed was used.
    const [next = ''] = appCodes(secret);
    expect(await signIn(next)).toBe('password+totp');
    expect(await signIn(next)).toBe('sign-in-refused');
    expect((await openBrowser(vallum, from).signIn(email, 'wrong')).json()).toMatchObject({
      code: 'sign-in-refused',
    });

    const remove = (password: string, code: string) =>
      browser.ask('/v1/users/me/totp', { method: 'DELETE', body: { password, code } });
    expect((await remove('wrong', codes[1] ?? '')).status).toBe(401);
    expect((await remove(chosen, codes[1] ?? '')).json()).toMatchObject({ totp: false });
    expect(await signIn()).toBe('password');
  });
});

describe('a passkey', { timeout: limitMs }, () => {
  it('is registered by who signed in a moment ago, and signs in by itself, each challenge once', async () => {
    const host = new URL(vallum.url).host.replace('127.0.0.1', 'localhost');
    const here = { headers: { host } };
    const authenticator = softwareAuthenticator(`http://${host}`);
    const asksOptions = () =>
      browser.good<Parameters<typeof authenticator.register>[0] & { excludeCredentials: object[] }>(
        '/v1/users/me/passkeys/options',
        { method: 'POST', ...here },
      );
    const register = (credential: object) =>
      browser.ask('/v1/users/me/passkeys', { ...here, body: { name: 'My key', credential } });
    const options = await asksOptions();
    expect(options).toMatchObject({ rp: { id: 'localhost' }, attestation: 'none', excludeCredentials: [] });
    const credential = authenticator.register(options);
    expect((await register(authenticator.register(options, { origin: 'http://evil.example' }))).status).toBe(
      400,
    );
    const made = await register(credential);
    expect(made.json()).toMatchObject({ name: 'My key', last_used_at: null });
    expect((await register(credential)).status).toBe(409);
    expect(await asksOptions()).toMatchObject({
      excludeCredentials: [{ type: 'public-key', id: authenticator.credentialId }],
    });

    const visitor = openBrowser(vallum, '127.0.21.1');
    const question = async () =>
      visitor.good<Parameters<typeof authenticator.authenticate>[0]>('/v1/sessions/passkey/options', {
        body: {},
        ...here,
      });
    const signIn = (assertion: object) =>
      visitor.ask('/v1/sessions/passkey', { ...here, body: { credential: assertion } });
    const asked = await question();
    const assertion = authenticator.authenticate(asked);
    expect((await signIn(assertion)).json()).toMatchObject({ user: personId, method: 'passkey' });
    expect((await visitor.good<Me>('/v1/users/me')).id).toBe(personId);
    // Again, with the same challenge though signed anew, with a count that has been, and as somebody else.
    expect((await signIn(assertion)).status).toBe(401);
    expect((await signIn(authenticator.authenticate(asked))).status).toBe(401);
    expect((await signIn(authenticator.authenticate(await question(), { signCount: 1 }))).status).toBe(401);
    expect((await signIn(authenticator.authenticate(await question(), { userHandle: 'AAAA' }))).status).toBe(
      401,
    );
    const stranger = softwareAuthenticator(`http://${host}`);
    expect(
      (await signIn(stranger.authenticate(await question(), { userHandle: options.user.id }))).status,
    ).toBe(401);
    // A challenge for one thing is none for another.
    expect(
      (await signIn(authenticator.authenticate({ ...asked, challenge: options.challenge }))).status,
    ).toBe(401);

    const { data } = await browser.good<{ data: { id: string; last_used_at: string }[] }>(
      '/v1/users/me/passkeys',
    );
    expect(data).toMatchObject([{ last_used_at: expect.any(String) }]);
    expect((await visitor.ask(`/v1/users/me/passkeys/${data[0]?.id}`, { method: 'DELETE' })).status).toBe(
      200,
    );
    expect((await signIn(authenticator.authenticate(await question()))).status).toBe(401);
  });

  it('needs a host name, and the answer says how to get one', async () => {
    const answer = await openBrowser(vallum).ask('/v1/sessions/passkey/options', { body: {} });
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('url');
  });
});

describe('what is left of it', { timeout: limitMs }, () => {
  it('is on record: who signed in and how, who was made and changed, and no address in the clear', async () => {
    const texts = await openings();
    const entries = texts.map((text) => (JSON.parse(text) as { entry: { change?: { type: string } } }).entry);
    const changes = entries.flatMap(({ change }) => change?.type ?? []);
    for (const type of [
      'session.opened',
      'session.renewed',
      'session.closed',
      'sessions.closed',
      'user.created',
      'user.changed',
      'user.password.changed',
      'user.password.reset',
      'user.totp.confirmed',
      'user.totp.removed',
      'user.passkey.added',
      'user.passkey.removed',
    ])
      expect(changes).toContain(type);
    // Addresses stand beside the entry, committed to; never in it.
    for (const entry of entries) expect(JSON.stringify(entry)).not.toContain('@example.org');
    expect(texts.some((text) => text.includes('jane@example.org'))).toBe(true);
  });

  it('is in no log line: no address, no password, no session', () => {
    const { stdout, stderr } = vallum.output;
    for (const secret of ['example.org', chosen, 'vs_', vallum.secrets.adminPassword])
      expect(stdout + stderr).not.toContain(secret);
  });

  it('is not the file with the first secrets, once the password in it is another one', async () => {
    const file = path.join(vallum.data, 'bootstrap.json');
    expect(existsSync(file)).toBe(true);
    await admin.good('/v1/users/me/password', {
      body: { old_password: vallum.secrets.adminPassword, new_password: chosen },
    });
    expect(existsSync(file)).toBe(false);
    expect(existsSync(path.join(vallum.data, 'authorization'))).toBe(false);
    expect((await ask(vallum, '/ready')).text).not.toContain('bootstrap.json');
  });
});
