import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask } from '../support/ask.ts';
import { type HandBrowser, handBrowser } from '../support/hand-browser.ts';
import { clientId, type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* Sign-in through an identity provider against those who want a victim to land elsewhere, to act as them, or to be them. The provider is real (oidc-provider). */

let vallum: Vallum;
let idp: IdentityProvider;
/** Requests without a credential that one address may have refused. */
const anonymousPerAddress = 150;

beforeAll(async () => {
  idp = await startIdentityProvider();
  vallum = await startVallum({
    settings: {
      limits: { anonymous_per_address: anonymousPerAddress },
      // It would refuse many of these before us: what stands behind it must hold by itself.
      waf: { mode: 'detect' },
      identity: {
        providers: [
          { name: 'acme', title: 'Acme', issuer: idp.url, client_id: clientId, default_roles: ['developer'] },
        ],
      },
    },
  });
  idp.serve({ redirectUri: `${vallum.url}/v1/sign-in/acme/callback` });
});
afterAll(async () => {
  await vallum?.remove();
  await idp?.close();
});

const begin = (query = ''): string => `${vallum.url}/v1/sign-in/acme${query}`;

/** As `sub`, up to the address that the provider sends the browser back to. */
async function upToCallback(browser: HandBrowser, sub: string): Promise<URL> {
  idp.person = { sub, email: `${sub}@example.org`, email_verified: true };
  return (await browser.follow(begin(), ({ pathname }) => pathname.endsWith('/callback'))).url;
}

const sessionOf = (browser: HandBrowser): string | undefined =>
  browser.cookies(vallum.url).find(({ name }) => name === 'vallum-session')?.value;
const outcomeOf = ({ status, headers }: Answer): string => `${status} ${headers.location}`;
const whoIs = async (browser: HandBrowser): Promise<string | undefined> =>
  (await browser.get(`${vallum.url}/v1/sessions`)).json<{ data?: { user: string }[] }>().data?.[0]?.user;

describe('open redirect', () => {
  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/%2f%2fevil.example',
    '/%5cevil.example',
    '/.//evil.example',
    '/\t/evil.example',
    '\t//evil.example',
    '/\r\nlocation: https://evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    '//user@evil.example',
    '/account#@evil.example',
    'account',
    '',
    `/${'a'.repeat(1_000)}`,
  ])('a return to %j is refused before anything begins', async (target) => {
    const { status, headers, text } = await ask(
      vallum,
      `/v1/sign-in/acme?${new URLSearchParams({ return_to: target })}`,
    );
    // By the WAF, which comes first, or by the route; each names the place.
    expect([400, 403]).toContain(status);
    expect(headers['set-cookie']).toBeUndefined();
    expect(text).toContain('return_to');
  });

  it('cannot be had by giving it twice, or under another name', async () => {
    for (const query of [
      'return_to=/account&return_to=https://evil.example',
      'returnTo=/x',
      'redirect=https://evil.example',
    ])
      expect((await ask(vallum, `/v1/sign-in/acme?${query}`)).status).toBe(400);
  });

  it('cannot be had at the callback, which takes the target from the flow alone', async () => {
    const browser = handBrowser();
    const url = await upToCallback(browser, 'redirected');
    url.searchParams.set('return_to', 'https://evil.example');
    expect(outcomeOf(await browser.get(url.href))).toBe('303 /account');
  });
});

describe('a spoofed host', () => {
  it('changes neither where the provider sends the browser, nor where we do', async () => {
    for (const headers of [
      { host: 'evil.example' },
      { 'x-forwarded-host': 'evil.example' },
      { forwarded: 'host=evil.example' },
    ]) {
      const { headers: given } = await ask(vallum, '/v1/sign-in/acme', { headers });
      const { searchParams } = new URL(String(given.location));
      expect(searchParams.get('redirect_uri')).toBe(`${vallum.url}/v1/sign-in/acme/callback`);
    }
  });
});

describe('login CSRF', () => {
  it('does not sign a victim in as the attacker: a callback is good in the browser alone that began', async () => {
    const attacker = handBrowser();
    const url = await upToCallback(attacker, 'attacker');
    const victim = handBrowser();
    expect(outcomeOf(await victim.get(url.href))).toBe('303 /sign-in?error=flow-unknown&provider=acme');
    expect(sessionOf(victim)).toBeUndefined();
    // Nor while a sign-in of the victim's own is under way, which goes on afterwards.
    const own = await upToCallback(victim, 'victim');
    expect(outcomeOf(await victim.get(url.href))).toContain('error=flow-unknown');
    expect(outcomeOf(await victim.get(own.href))).toBe('303 /account');
    // And the attacker's own browser still can.
    expect(outcomeOf(await attacker.get(url.href))).toBe('303 /account');
    expect(await whoIs(victim)).not.toBe(await whoIs(attacker));
  });

  it('does not work by state alone: who knows it has not the cookie that it opens', async () => {
    const url = await upToCallback(handBrowser(), 'attacker');
    const victim = handBrowser();
    const other = (await victim.get(begin())).headers['set-cookie']?.[0] ?? '';
    // The victim's cookie under the name that the attacker's state asks for.
    const attacker = handBrowser();
    const theirs = await upToCallback(attacker, 'attacker');
    const [{ name = '' } = {}] = attacker.cookies(theirs.href);
    const value = other.slice(other.indexOf('=') + 1, other.indexOf(';'));
    for (const at of [url, theirs]) {
      const { headers } = await ask(vallum, at.pathname + at.search, {
        headers: { cookie: `${name}=${value}` },
      });
      expect(headers.location).toContain('error=flow-unknown');
    }
  });
});

describe('code injection', () => {
  it("does not make an attacker the victim: a stolen code is redeemed with the attacker's verifier, and refused", async () => {
    const stolen = (await upToCallback(handBrowser(), 'victim')).searchParams.get('code') ?? '';
    const attacker = handBrowser();
    const url = await upToCallback(attacker, 'attacker');
    url.searchParams.set('code', stolen);
    expect(outcomeOf(await attacker.get(url.href))).toBe('303 /sign-in?error=provider-refused&provider=acme');
    expect(sessionOf(attacker)).toBeUndefined();
  });

  it('is not tried again with the same flow: it is over however it ended', async () => {
    const attacker = handBrowser();
    const url = await upToCallback(attacker, 'attacker');
    const good = url.href;
    url.searchParams.set('code', 'invented');
    expect(outcomeOf(await attacker.get(url.href))).toContain('error=provider-refused');
    expect(outcomeOf(await attacker.get(good))).toContain('error=flow-unknown');
  });

  it('finds nothing to inject into: an error of the provider puts no text into our pages or headers', async () => {
    for (const text of ['<script>alert(1)</script>', 'a\r\nset-cookie: x=y', 'https://evil.example']) {
      const browser = handBrowser();
      const url = await upToCallback(browser, 'somebody');
      url.search = String(
        new URLSearchParams({
          state: url.searchParams.get('state') ?? '',
          iss: idp.url,
          error: text,
          error_description: text,
          error_uri: text,
        }),
      );
      const answer = await browser.get(url.href);
      expect(outcomeOf(answer)).toBe('303 /sign-in?error=provider-refused&provider=acme');
      expect(answer.rawHeaders.join('\n')).not.toMatch(/script|x=y|evil/);
    }
  });
});

describe('session fixation', () => {
  it('leaves an attacker nothing: a session that a browser had before is not the one it has after', async () => {
    const attacker = handBrowser();
    await attacker.get((await upToCallback(attacker, 'attacker')).href);
    const known = sessionOf(attacker) ?? '';
    expect(known).toMatch(/^vs_/);
    const invented = `vs_${'A'.repeat(49)}`;
    for (const planted of [known, invented]) {
      const victim = handBrowser();
      victim.setCookie(vallum.url, `vallum-session=${planted}; Path=/`);
      await victim.get((await upToCallback(victim, 'fixated')).href);
      expect(sessionOf(victim)).toMatch(/^vs_/);
      expect(sessionOf(victim)).not.toBe(planted);
      expect(await whoIs(victim)).not.toBe(await whoIs(attacker));
    }
  });

  it('the flow itself opens nothing: its cookie is no session, and its state no credential', async () => {
    const browser = handBrowser();
    const url = await upToCallback(browser, 'somebody');
    const [flow] = browser.cookies(url.href);
    for (const cookie of [`vallum-session=${flow?.value}`, `vallum-session=${url.searchParams.get('state')}`])
      expect((await ask(vallum, '/v1/sessions', { headers: { cookie } })).status).toBe(401);
  });
});

describe('who tries again and again', () => {
  it('is turned away like any other whom nobody knows, after so many', async () => {
    const from = '127.0.0.77';
    const statuses = new Map<number, number>();
    for (let i = 0; i < anonymousPerAddress + 10; i += 1) {
      const { status } = await ask(vallum, `/v1/sign-in/acme/callback?state=${i}&code=x`, { from });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect(statuses).toEqual(
      new Map([
        [303, anonymousPerAddress],
        [429, 10],
      ]),
    );
  });

  it('who sends a victim here again and again does not fill its cookies up', async () => {
    const browser = handBrowser();
    for (let i = 0; i < 20; i += 1) await browser.get(begin());
    expect(browser.cookies(begin('/callback')).length).toBeLessThanOrEqual(8);
    await browser.get((await upToCallback(browser, 'patient')).href);
    expect(await whoIs(browser)).toMatch(/^usr_/);
  });
});
