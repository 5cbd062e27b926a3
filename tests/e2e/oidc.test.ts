import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask } from '../support/ask.ts';
import { type HandBrowser, handBrowser } from '../support/hand-browser.ts';
import {
  clientId,
  type IdentityProvider,
  type Person,
  startIdentityProvider,
} from '../support/identity-provider.ts';
import { logLines } from '../support/log-lines.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* People who sign in through an identity provider: a real one (oidc-provider), by the requests that a browser makes. */

let vallum: Vallum;
/** Gives claims in the ID token, to a client with a secret. */
let main: IdentityProvider;
/** Tells claims at its user info endpoint alone, to a public client; makes no new users. */
let closed: IdentityProvider;
let down: IdentityProvider;
const secret = 'a secret with: signs & spaces';

beforeAll(async () => {
  [main, closed, down] = await Promise.all([
    startIdentityProvider(),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  await down.close();
  const common = {
    client_id: clientId,
    scopes: ['openid', 'email', 'profile', 'groups'],
    roles_claim: 'groups',
  };
  const roles = { staff: ['developer'], 'security team': ['security-analyst', 'auditor'] };
  vallum = await startVallum({
    settings: {
      identity: {
        providers: [
          {
            ...common,
            name: 'main',
            title: 'Main',
            issuer: main.url,
            client_secret: secret,
            roles,
            rp_logout: true,
          },
          { ...common, name: 'closed', title: 'Closed', issuer: closed.url, roles, jit: false },
          { ...common, name: 'down', title: 'Down', issuer: down.url, roles },
        ],
      },
    },
  });
  const at = (name: string): string => `${vallum.url}/v1/sign-in/${name}/callback`;
  main.serve({ redirectUri: at('main'), signedOutUri: `${vallum.url}/sign-in`, secret });
  closed.serve({ redirectUri: at('closed'), claimsInToken: false });
});
afterAll(async () => {
  await vallum?.remove();
  await Promise.all([main, closed].map((idp) => idp?.close()));
});

let people = 0;
/** Somebody new. */
const someone = (more: Partial<Person> = {}): Person => {
  people += 1;
  const sub = `person-${people}`;
  return {
    sub,
    email: `${sub}@example.org`,
    email_verified: true,
    name: 'Jo Doe',
    groups: ['staff'],
    ...more,
  };
};

const isCallback = ({ pathname }: URL): boolean => pathname.endsWith('/callback');
const isOurs = ({ origin, pathname }: URL): boolean => origin === vallum.url && !pathname.startsWith('/v1/');

interface SignedIn {
  readonly browser: HandBrowser;
  /** Where the flow ended. */
  readonly url: URL;
}

async function signIn(person: Person | undefined, name = 'main', query = ''): Promise<SignedIn> {
  for (const idp of [main, closed]) idp.person = person;
  const browser = handBrowser();
  const { url } = await browser.follow(`${vallum.url}/v1/sign-in/${name}${query}`, isOurs);
  return { browser, url };
}

/** Goes as far as the callback, which is not asked for. */
async function upToCallback(person: Person, name = 'main'): Promise<SignedIn> {
  for (const idp of [main, closed]) idp.person = person;
  const browser = handBrowser();
  const { url } = await browser.follow(`${vallum.url}/v1/sign-in/${name}`, isCallback);
  return { browser, url };
}

const sessionOf = (browser: HandBrowser): string | undefined =>
  browser.cookies(vallum.url).find(({ name }) => name === 'vallum-session')?.value;
const sessions = (browser: HandBrowser): Promise<Answer> => browser.get(`${vallum.url}/v1/sessions`);
/** Why the sign-in page was shown, which carries no word of the provider's. */
const errorOf = ({ pathname, searchParams }: URL): string | null =>
  pathname === '/sign-in' ? searchParams.get('error') : null;

interface Change {
  readonly type: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** The changes that the ledger has since a place in it, each with the names of what it holds as commitments alone. */
async function changesSince(index: number): Promise<(Change & { readonly committed: string[] })[]> {
  const key = vallum.secrets.adminKey;
  const changes: (Change & { committed: string[] })[] = [];
  for (let at = index, end = await ledgerSize(); at < end; at += 1) {
    const answer = await ask(vallum, `/v1/ledger/entries/${at}/opening`, { key });
    if (answer.status !== 200) continue;
    const { entry } = answer.json<{ entry: { change?: Change; committed?: object } }>();
    if (entry.change) changes.push({ ...entry.change, committed: Object.keys(entry.committed ?? {}) });
  }
  return changes;
}

/** C2SP tlog-checkpoint: the second line. */
const ledgerSize = async (): Promise<number> =>
  Number((await ask(vallum, '/ledger/checkpoint')).text.split('\n')[1]);

describe('a sign-in through an identity provider', () => {
  it('ends in a session of a user who was made for it, at the page that was asked for', async () => {
    const { browser, url } = await signIn(someone(), 'main', '?return_to=/account%3Fpart%3Dsessions');
    expect(url.href).toBe(`${vallum.url}/account?part=sessions`);
    const answer = await sessions(browser);
    expect(answer.status).toBe(200);
    expect(answer.json<{ data: unknown[] }>().data).toEqual([
      expect.objectContaining({ method: 'oidc', current: true, user: expect.stringMatching(/^usr_/) }),
    ]);
  });

  it('finds the same user again by issuer and subject, whatever the e-mail is by then', async () => {
    const person = someone();
    const userOf = async ({ browser }: SignedIn): Promise<string | undefined> =>
      (await sessions(browser)).json<{ data: { user: string }[] }>().data[0]?.user;
    const first = await userOf(await signIn(person));
    expect(first).toMatch(/^usr_/);
    expect(await userOf(await signIn({ ...person, email: 'another@example.org' }))).toBe(first);
    expect(await userOf(await signIn(someone()))).not.toBe(first);
  });

  it('redeems the code with the verifier of RFC 7636, whose challenge the browser carried', async () => {
    main.person = someone();
    const browser = handBrowser();
    const { url } = await browser.follow(
      `${vallum.url}/v1/sign-in/main`,
      ({ origin }) => origin === main.url,
    );
    const asked = url.searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    for (const name of ['state', 'nonce']) expect(asked.get(name)).toMatch(/^[\w-]{43}$/);
    expect(asked.get('redirect_uri')).toBe(`${vallum.url}/v1/sign-in/main/callback`);
    expect(url.href).not.toContain('secret');
    await browser.follow(url.href, isOurs);
    expect(main.seen.tokenRequests.at(-1)?.get('code_verifier')).toMatch(/^[\w-]{43}$/);
  });

  it('keeps its state in a cookie that no script reads and no other path is sent, and takes it away at the end', async () => {
    const browser = handBrowser();
    const { headers } = await browser.get(`${vallum.url}/v1/sign-in/main`);
    const [cookie = ''] = headers['set-cookie'] ?? [];
    expect(cookie).toMatch(
      /^vallum-flow-[\w-]{16}=[\w-]+; Path=\/v1\/sign-in\/main; Max-Age=600; HttpOnly; SameSite=Lax$/,
    );
    const { searchParams } = new URL(String(headers.location));
    for (const name of ['state', 'nonce']) expect(cookie).not.toContain(searchParams.get(name));
    main.person = someone();
    await browser.follow(String(headers.location), isOurs);
    expect(browser.cookies(`${vallum.url}/v1/sign-in/main/callback`).map(({ name }) => name)).toEqual([
      'vallum-session',
    ]);
  });

  it('asks for the discovery document once, and at no start', async () => {
    expect(main.seen.discoveries).toBe(1);
  });

  it('reads claims at the user info endpoint where the ID token has none, from a provider that knows us without a secret', async () => {
    // Nobody is made here, so it ends after the claims have been read.
    const { url } = await signIn(someone(), 'closed');
    expect(errorOf(url)).toBe('user-unknown');
    expect(closed.seen.tokenRequests.at(-1)?.get('client_id')).toBe(clientId);
  });

  it('can be ended at the provider too, where the settings say so', async () => {
    const { headers, status } = await ask(vallum, '/v1/sign-in/main/sign-out');
    expect(status).toBe(302);
    const url = new URL(String(headers.location));
    expect(url.origin).toBe(main.url);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: clientId,
      post_logout_redirect_uri: `${vallum.url}/sign-in`,
    });
    expect((await ask(vallum, '/v1/sign-in/closed/sign-out')).status).toBe(404);
  });
});

/** For which an analyst's role is enough, and a developer's is not. */
const mayListKeys = async (browser: HandBrowser): Promise<number> =>
  (await browser.get(`${vallum.url}/v1/keys`)).status;

describe('roles of claims', () => {
  it('are given by the settings, and taken away with the claim that gave them, at the next sign-in: each sealed, and nobody named', async () => {
    const began = await ledgerSize();
    const person = someone({ groups: ['security team', 'unknown'] });
    const { browser: earlier } = await signIn(person);
    expect(await mayListKeys(earlier)).toBe(200);
    const { browser, url } = await signIn({ ...person, groups: ['staff'] });
    expect(errorOf(url)).toBeNull();
    // Also in the session that was open before.
    for (const each of [earlier, browser]) expect(await mayListKeys(each)).toBe(403);
    const { user } = (await sessions(browser)).json<{ data: [{ user: string }] }>().data[0];
    const all = { tenant: null };
    const changes = (await changesSince(began)).map(({ type, before, after, committed }) => ({
      type,
      before,
      after,
      committed,
    }));
    expect(changes.filter(({ type }) => type !== 'session.opened')).toEqual([
      { type: 'user.created', after: { id: user, provider: 'main' }, committed: ['email', 'subject'] },
      {
        type: 'roles.claimed',
        after: {
          user,
          roles: [
            { role: 'security-analyst', ...all },
            { role: 'auditor', ...all },
          ],
        },
        committed: [],
      },
      {
        type: 'roles.withdrawn',
        before: {
          user,
          roles: expect.arrayContaining([
            { role: 'security-analyst', ...all },
            { role: 'auditor', ...all },
          ]),
        },
        after: { roles: [] },
        committed: [],
      },
      { type: 'roles.claimed', after: { user, roles: [{ role: 'developer', ...all }] }, committed: [] },
    ]);
    expect(changes.filter(({ type }) => type === 'session.opened')).toHaveLength(2);
    expect(JSON.stringify(changes)).not.toMatch(/person-|example/);
  });

  it('that are all gone end in no session', async () => {
    const person = someone();
    await signIn(person);
    const { url, browser } = await signIn({ ...person, groups: [] });
    expect(errorOf(url)).toBe('no-role');
    expect(sessionOf(browser)).toBeUndefined();
  });

  it('are by whole values: a text with a role in it is another text', async () => {
    const { url } = await signIn(someone({ groups: 'not staff' }));
    expect(errorOf(url)).toBe('no-role');
  });
});

describe('somebody who is not let in', () => {
  it.each<[string, Partial<Person>]>([
    ['email-unverified', { email_verified: false }],
    ['no-role', { groups: ['others'] }],
    ['no-role', { groups: [] }],
    ['token-refused', { groups: { admin: true } }],
    ['token-refused', { email: 'not an address' }],
  ])('learns it on the sign-in page: %s for %j, and is no user', async (error, claims) => {
    const { url, browser } = await signIn(someone(claims));
    expect(url.pathname + url.search).toBe(`/sign-in?error=${error}&provider=main`);
    expect(sessionOf(browser)).toBeUndefined();
  });

  it('went back at the provider, of which no word reaches our page', async () => {
    const { url } = await signIn(undefined);
    expect(url.pathname + url.search).toBe('/sign-in?error=cancelled&provider=main');
  });

  it('has the e-mail of an account that is there: whoever can set an e-mail at a provider gets nobody else’s account', async () => {
    const { url } = await signIn(someone({ email: 'Admin@Vallum.local' }));
    expect(errorOf(url)).toBe('email-taken');
    const person = someone();
    await signIn(person);
    expect(errorOf((await signIn(someone({ email: person.email ?? '' }))).url)).toBe('email-taken');
  });

  it('comes for the first time where users are not made', async () => {
    expect(errorOf((await signIn(someone(), 'closed')).url)).toBe('user-unknown');
  });

  it('is disabled here, though the provider vouches for them: their sessions are over, and no new one begins', async () => {
    const person = someone();
    const { browser } = await signIn(person);
    const [{ user } = { user: '' }] = (await sessions(browser)).json<{ data: { user: string }[] }>().data;
    const key = vallum.secrets.adminKey;
    const setDisabled = (disabled: boolean): Promise<Answer> =>
      ask(vallum, `/v1/users/${user}`, { method: 'PATCH', key, body: { disabled } });
    expect((await setDisabled(true)).status).toBe(200);
    const again = await signIn(person);
    expect(errorOf(again.url)).toBe('user-disabled');
    expect(sessionOf(again.browser)).toBeUndefined();
    expect((await sessions(browser)).status).toBe(401);
    expect((await setDisabled(false)).status).toBe(200);
    expect(errorOf((await signIn(person)).url)).toBeNull();
  });

  it('has no password here: who knows the e-mail cannot sign in by it', async () => {
    const person = someone();
    await signIn(person);
    for (const password of ['', 'null', 'undefined', 'a password of some length'])
      expect([400, 401]).toContain(
        (await ask(vallum, '/v1/sessions', { body: { email: person.email, password } })).status,
      );
  });

  it('wants to use a provider that is down: the others and this server do not care', async () => {
    expect(errorOf((await signIn(someone(), 'down')).url)).toBe('provider-unavailable');
    expect(errorOf((await signIn(someone())).url)).toBeNull();
  });

  it('wants to use a provider that nobody knows', async () => {
    expect((await ask(vallum, '/v1/sign-in/nobody')).status).toBe(404);
    expect((await ask(vallum, '/v1/sign-in/nobody/callback?state=x&code=y')).status).toBe(404);
  });
});

describe('a callback', () => {
  it('is good once: again, it has no flow, and with the flow put back no code', async () => {
    const { browser, url } = await upToCallback(someone());
    const flow = browser.cookies(url.href).find(({ name }) => name.startsWith('vallum-flow-'));
    const first = await browser.get(url.href);
    expect([first.status, first.headers.location]).toEqual([303, '/account']);
    const errorAgain = async (): Promise<string | null> =>
      errorOf(new URL(String((await browser.get(url.href)).headers.location), vallum.url));
    expect(await errorAgain()).toBe('flow-unknown');
    browser.setCookie(vallum.url, `${flow?.name}=${flow?.value}; Path=/v1/sign-in/main`);
    expect(await errorAgain()).toBe('provider-refused');
  });

  const changed: [string, string, (url: URL, other: URL) => void][] = [
    ['another state', 'flow-unknown', (url) => url.searchParams.set('state', 'A'.repeat(43))],
    ['no state', 'flow-unknown', (url) => url.searchParams.delete('state')],
    ['no code', 'token-refused', (url) => url.searchParams.delete('code')],
    ['an invented code', 'provider-refused', (url) => url.searchParams.set('code', 'A'.repeat(43))],
    [
      'another issuer (RFC 9207)',
      'token-refused',
      (url) => url.searchParams.set('iss', 'https://evil.example'),
    ],
    [
      'no issuer, though this provider names itself',
      'token-refused',
      (url) => url.searchParams.delete('iss'),
    ],
    [
      'a code of another flow, whose verifier and nonce are others',
      'provider-refused',
      (url, other) => url.searchParams.set('code', other.searchParams.get('code') ?? ''),
    ],
    [
      'the path of another provider',
      'flow-unknown',
      (url) => {
        url.pathname = '/v1/sign-in/closed/callback';
      },
    ],
    ['tokens in the address', 'token-refused', (url) => url.searchParams.set('id_token', 'x')],
    [
      'a text of somebody’s as an error',
      'provider-refused',
      (url) => url.searchParams.set('error', 'call 555 0100'),
    ],
  ];
  it.each(changed)('with %s is refused (%s)', async (_, error, change) => {
    const [{ browser, url }, { url: other }] = [await upToCallback(someone()), await upToCallback(someone())];
    const flow = browser.cookies(url.href)[0];
    change(url, other);
    // As if paths did not matter: the flow is bound to its provider itself.
    const answer = await browser.get(url.href, { cookie: `${flow?.name}=${flow?.value}` });
    expect(answer.status).toBe(303);
    expect(errorOf(new URL(String(answer.headers.location), vallum.url))).toBe(error);
    expect(answer.headers.location).not.toMatch(/555|evil/);
    expect(sessionOf(browser)).toBeUndefined();
    expect(answer.headers['x-vallum-decision']).toBe('block');
  });

  it('with a cookie that was changed is refused, whichever byte it is', async () => {
    const { browser, url } = await upToCallback(someone());
    const flow = browser.cookies(url.href)[0];
    for (const at of [0, 30, (flow?.value.length ?? 0) - 1]) {
      const value = [...(flow?.value ?? '')].map((c, i) => (i === at ? (c === 'A' ? 'B' : 'A') : c)).join('');
      const { headers } = await ask(vallum, url.pathname + url.search, {
        headers: { cookie: `${flow?.name}=${value}` },
      });
      expect(errorOf(new URL(String(headers.location), vallum.url))).toBe('flow-unknown');
    }
  });
});

describe('afterwards', () => {
  it('the log names reasons and issuers, and nobody: no e-mail, subject, code or token', async () => {
    const { stdout, stderr } = vallum.output;
    const lines = logLines(stdout).filter(
      ({ event }) => event === 'a sign-in through an identity provider was refused',
    );
    expect(lines).toContainEqual(expect.objectContaining({ code: 'email-taken', issuer: main.url }));
    expect(lines).toContainEqual(expect.objectContaining({ code: 'provider-refused (invalid_grant)' }));
    for (const word of ['person-', '@example.org', 'Jo Doe', 'eyJ', secret, 'provider text'])
      expect(stdout + stderr).not.toContain(word);
    expect(logLines(stdout).filter(({ level }) => level === 'error')).toEqual([]);
  });
});
