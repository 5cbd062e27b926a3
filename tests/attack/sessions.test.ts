import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask } from '../support/ask.ts';
import { appCode, appCodes } from '../support/authenticator-app.ts';
import { type Browser, invite, openBrowser } from '../support/browser.ts';
import { createDeployment, type Deployment, sweepDeployments } from '../support/deployment.ts';
import { within } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { normalised } from '../support/normalised.ts';
import { hasProcessTable } from '../support/processes.ts';

/*
 * Who wants to be somebody else: by a cookie that they planted, by a page of theirs, by a code that they saw, by trying passwords. Two servers on one database, as an attacker may choose
 * the one that has not heard yet. They are told that others reach them by https.
 */

const chosen = 'plinth gravel oboe wicker';
const url = 'https://vallum.example.org';

/** Each password that is compared costs a third of a second of a core, and more where others want it too. */
const limitMs = 240_000;

describe.runIf(hasProcessTable)('somebody who wants to be somebody else', { timeout: limitMs }, () => {
  const deployments: Deployment[] = [];
  let servers: [{ url: string }, { url: string }];
  let secrets: ReturnType<Deployment['secrets']>;
  let admin: Browser;
  /** Each attacker comes from a network of their own. */
  let networks = 30;
  const network = (): string => {
    networks += 1;
    return `127.0.${networks}.1`;
  };

  beforeAll(async () => {
    await sweepDeployments();
    const settings = { url, limits: { anonymous_per_address: 1_000_000 } };
    const first = createDeployment({ settings });
    deployments.push(first);
    const one = await launch(first);
    secrets = first.secrets();
    const second = createDeployment({
      settings: { ...settings, keys: { keyfile_with_outside_database: true } },
      environment: { VALLUM_DATABASE_URL: first.databaseUrl(), VALLUM_KEYS: first.keys },
    });
    deployments.push(second);
    servers = [one, await launch(second)];
    admin = openBrowser(one, network());
    expect((await admin.signIn(secrets.adminEmail, secrets.adminPassword)).status).toBe(201);
  }, limitMs);
  afterAll(async () => {
    for (const each of deployments.reverse()) await each.remove();
  }, limitMs);

  /** On a port that was free: what it says where it is, is the name that others know it by. */
  async function launch(deployment: Deployment): Promise<{ url: string }> {
    const port = await freePort();
    await within('a start', deployment.launch({ VALLUM_PORT: String(port) }).ready);
    return { url: `http://127.0.0.1:${port}` };
  }

  const sessionsOf = async (user: string): Promise<number> =>
    (await admin.good<{ data: object[] }>(`/v1/users/${user}/sessions`)).data.length;

  describe('by a cookie', () => {
    it('finds it bound to this host, over TLS, out of reach of scripts and of other sites', () => {
      expect(admin.cookie()).toMatch(/^__Host-vallum-session=vs_/);
      expect(admin.attributes()).toEqual([
        'Max-Age=43200',
        'Path=/',
        'HttpOnly',
        'SameSite=Strict',
        'Secure',
      ]);
    });

    it('that they planted before the sign-in has one that is worth nothing after it: each sign-in has a text of its own', async () => {
      const { email, password } = await invite(admin, 'fixed@example.org', 'auditor');
      const attacker = openBrowser(servers[0], network());
      await attacker.signIn(email, password);
      const planted = attacker.cookie();
      const victim = openBrowser(servers[0], network(), planted);
      await victim.signIn(secrets.adminEmail, secrets.adminPassword);
      expect(victim.cookie()).not.toBe(planted);
      // What was planted is still the attacker's, and no more.
      expect(await openBrowser(servers[0], network(), planted).good('/v1/users/me')).toMatchObject({ email });
      await victim.good('/v1/sessions/current', { method: 'DELETE' });
    });

    it('that they made up, changed, or took from elsewhere is refused, in one way', async () => {
      const text = admin.cookie().split('=')[1] ?? '';
      const cookies = [
        `vs_${randomBytes(32).toString('base64url')}000000`,
        `${text.slice(0, 10)}${text[10] === 'a' ? 'b' : 'a'}${text.slice(11)}`,
        text.slice(0, -1),
        secrets.apiKey,
        secrets.adminKey,
        'x',
        '"',
        `${text}x`,
      ];
      const asking = (cookie: string) =>
        ask(servers[0], '/v1/users/me', {
          from: network(),
          headers: { cookie: `__Host-vallum-session=${cookie}` },
        });
      const [expected] = [normalised(await asking('vs_'))];
      expect(expected).toContain('HTTP 401');
      for (const cookie of cookies)
        expect({ cookie, answer: normalised(await asking(cookie)) }).toEqual({ cookie, answer: expected });
      // Under another name it is none at all, and neither is it a key.
      const other = { headers: { cookie: `vallum-session=${text}` } };
      expect((await ask(servers[0], '/v1/users/me', other)).status).toBe(401);
      expect((await ask(servers[0], '/v1/users/me', { key: text })).status).toBe(401);
      expect((await admin.ask('/v1/users/me')).status).toBe(200);
    });

    it('of somebody who is disabled has nothing, at any server', async () => {
      const { id, email, password } = await invite(admin, 'gone@example.org', 'auditor');
      const here = openBrowser(servers[0], network());
      await here.signIn(email, password);
      const there = openBrowser(servers[1], network(), here.cookie());
      for (const each of [here, there]) expect((await each.ask('/v1/users/me')).status).toBe(200);
      await admin.good(`/v1/users/${id}`, { method: 'PATCH', body: { disabled: true } });
      expect((await here.ask('/v1/users/me')).status).toBe(401);
      await expect.poll(async () => (await there.ask('/v1/users/me')).status, { timeout: 40_000 }).toBe(401);
    });

    it('and a password that opens once changes the password, and nothing else', async () => {
      const { email, password } = await invite(admin, 'owner2@example.org', 'owner');
      const invited = openBrowser(servers[0], network());
      await invited.signIn(email, password);
      for (const [path, question] of [
        ['/v1/users', {}],
        ['/v1/users', { body: { email: 'x@example.org' } }],
        ['/v1/keys', { body: { name: 'x', scopes: ['vallum:admin'] } }],
        [
          '/v1/chat/completions',
          { body: { model: 'rehearsal', messages: [{ role: 'user', content: 'x' }] } },
        ],
      ] as const)
        expect({ path, status: (await invited.ask(path, question)).status }).toEqual({ path, status: 403 });
    });
  });

  describe('by a page of theirs, which the browser sends the cookie with', () => {
    const change = { body: { name: 'x', environment: 'production' } };

    it.each<[string, Record<string, string>]>([
      ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
      ['another host of the domain', { 'sec-fetch-site': 'same-site', origin: 'https://www.example.org' }],
      ['the address bar', { 'sec-fetch-site': 'none' }],
      ['an older browser', { origin: 'https://evil.example' }],
      ['a sandbox', { origin: 'null' }],
      ['our name without TLS', { origin: 'http://vallum.example.org' }],
      ['our address, which is not our name', { origin: 'http://127.0.0.1' }],
      ['nowhere', {}],
    ])('from %s changes nothing', async (_, headers) => {
      const before = await admin.good('/v1/tenants');
      const cookie = admin.cookie();
      const from = network();
      for (const [path, question] of [
        ['/v1/tenants', change],
        ['/v1/sessions/current', { method: 'DELETE' }],
        ['/v1/users/me/totp', { method: 'POST' }],
      ] as const) {
        const { status, text } = await ask(servers[0], path, {
          ...question,
          from,
          headers: { cookie, ...headers },
        });
        expect({ path, status, code: (JSON.parse(text) as { code: string }).code }).toEqual({
          path,
          status: 403,
          code: 'cross-site',
        });
      }
      expect(await admin.good('/v1/tenants')).toEqual(before);
    });

    it('signs nobody in as somebody else', async () => {
      const body = { email: secrets.adminEmail, password: secrets.adminPassword };
      for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
        const answer = await ask(servers[0], '/v1/sessions', { from: network(), body, headers });
        expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined]);
      }
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const posted = await ask(servers[0], '/v1/sessions', {
        from: network(),
        body: 'email=x',
        headers: form,
      });
      expect(posted.status).toBe(415);
    });

    it('from ours is what it is there for, by either way of saying so', async () => {
      const cookie = admin.cookie();
      for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: url }]) {
        const question = { method: 'DELETE', headers: { cookie, ...headers } };
        expect(
          (await ask(servers[0], '/v1/sessions/ses_01890a5d-ac96-774b-bcce-b302099a8057', question)).status,
        ).toBe(404);
      }
    });
  });

  describe('by a code that they saw', () => {
    it('comes too late: each is taken once, by one server or the other', async () => {
      const { id, email, password } = await invite(admin, 'codes@example.org', 'auditor');
      const user = openBrowser(servers[0], network());
      await user.signIn(email, password);
      const { secret } = await user.good<{ secret: string }>('/v1/users/me/totp', { method: 'POST' });
      await user.good('/v1/users/me/totp/confirm', { body: { code: appCode(secret) } });
      const before = await sessionsOf(id);
      // The next half minute's is good already, and was not used; the one after it may be when this is slow.
      const code = appCodes(secret)[0] ?? '';
      const from = network();
      const tries = await Promise.all(
        [0, 1, 0, 1].map((at) => openBrowser(servers[at as 0 | 1], from).signIn(email, password, { code })),
      );
      expect(tries.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401]);
      expect(await sessionsOf(id)).toBe(before + 1);
    });
  });

  describe('by trying', () => {
    const answer = async (email: string, password: string, more: object = {}): Promise<Answer> =>
      ask(servers[0], '/v1/sessions', { from: network(), body: { email, password, ...more } });

    it('does not learn who has an account: every refusal is the same, byte for byte', async () => {
      const locked = await invite(admin, 'locked@example.org', 'auditor');
      const disabled = await invite(admin, 'disabled@example.org', 'auditor');
      await admin.good(`/v1/users/${disabled.id}`, { method: 'PATCH', body: { disabled: true } });
      const expected = normalised(await answer('nobody@example.org', chosen));
      expect(expected).toContain('HTTP 401');
      expect(expected).toContain('sign-in-refused');
      for (const [email, password, more] of [
        [secrets.adminEmail, 'wrong', {}],
        [disabled.email, disabled.password, {}],
        ['nobody@example.org', 'x', { tenant: 'tnt_01890a5d-ac96-774b-bcce-b302099a8057' }],
        ['nobody@example.org', 'x', { organization: 'org_01890a5d-ac96-774b-bcce-b302099a8057' }],
      ] as const)
        expect(normalised(await answer(email, password, more))).toBe(expected);

      /** When the account opens again, in Unix milliseconds. */
      const opensAt = async (): Promise<number> => {
        const { locked_until: until } = await admin.good<{ locked_until: string | null }>(
          `/v1/users/${locked.id}`,
        );
        return until === null ? 0 : Date.parse(until);
      };
      // Until it is locked for long enough to be seen so, whatever else this machine does.
      let until = 0;
      for (let seen = false; !seen; ) {
        await sleep(Math.max(0, until - Date.now()));
        expect(normalised(await answer(locked.email, 'wrong'))).toBe(expected);
        until = await opensAt();
        if (until - Date.now() < 5_000) continue;
        const said = normalised(await answer(locked.email, locked.password));
        seen = Date.now() < until;
        if (seen) expect(said).toBe(expected);
      }
      // Who waited gets in: nobody is locked out for good.
      await sleep(Math.max(0, until + 10 - Date.now()));
      expect((await answer(locked.email, locked.password)).status).toBe(201);
    });

    it('one password over many accounts is stopped, for their network alone, also with the right one', async () => {
      const right = { email: secrets.adminEmail, password: secrets.adminPassword };
      /** Tries are counted in windows of ten minutes; a test that sees one end begins again. */
      const windowNow = (): number => Math.floor(Date.now() / 600_000);
      let began: number;
      let statuses: number[];
      let stopped: Answer;
      do {
        began = windowNow();
        statuses = [];
        const from = network();
        for (let i = 0; i < 21; i += 1) {
          const body = { email: `user-${i}@example.org`, password: 'Sommer2026!' };
          statuses.push((await ask(servers[0], '/v1/sessions', { from, body })).status);
        }
        stopped = await ask(servers[1], '/v1/sessions', { from: from.replace(/1$/, '9'), body: right });
      } while (windowNow() !== began);
      expect(statuses).toEqual([...Array.from({ length: 20 }, () => 401), 429]);
      expect(stopped.status).toBe(429);
      expect(Number(stopped.headers['retry-after'])).toBeGreaterThan(0);
      expect((await answer(right.email, right.password)).status).toBe(201);
    });

    it('all at once waits its turn or is told to: sign-ins neither fill the memory nor stop the gateway', async () => {
      const burst = Array.from({ length: 24 }, () =>
        ask(servers[0], '/v1/sessions', {
          from: '127.0.29.1',
          body: { email: 'x@example.org', password: 'x' },
        }),
      );
      const chat = await ask(servers[0], '/v1/chat/completions', {
        key: secrets.apiKey,
        body: { model: 'rehearsal', messages: [{ role: 'user', content: 'Hello' }] },
      });
      expect(chat.status).toBe(200);
      const answers = await Promise.all(burst);
      const statuses = new Set(answers.map(({ status }) => status));
      expect([...statuses].filter((status) => status !== 401 && status !== 429)).toEqual([]);
      // At most those that run, and four of one network that wait.
      const late = answers.filter(({ status }) => status === 429);
      expect(late.length).toBeGreaterThanOrEqual(6);
      for (const { headers } of late) expect(headers['retry-after']).toBe('3');
    });

    it('passwords that look like attacks is answered as with any other: they are hashed, and nothing else', async () => {
      for (const password of ["' OR 1=1 --", '<script>alert(1)</script>', '../../etc/passwd', '$(reboot)'])
        expect((await answer('nobody@example.org', password)).json()).toMatchObject({
          code: 'sign-in-refused',
        });
    });

    it('passwords without end is told so before anybody looks at them', async () => {
      for (const password of ['x'.repeat(513), 'ﷺ'.repeat(513), 'x'.repeat(900_000)])
        expect((await answer(secrets.adminEmail, password)).status).toBe(400);
      expect((await answer(secrets.adminEmail, 'x'.repeat(1_100_000))).status).toBe(413);
      for (const email of ['x'.repeat(321), 'a\u0000@example.org', ''])
        expect((await answer(email, 'x')).status).toBe(400);
      expect((await answer(secrets.adminEmail, secrets.adminPassword)).status).toBe(201);
    });
  });
});
