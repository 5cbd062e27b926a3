import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { appCode } from '../support/authenticator-app.ts';
import { hasChromium, startChromium } from '../support/chromium.ts';
import { clientId, type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* The pages as people see them, in a real browser: how they sign in, and what their account shows. Without Chromium all of this is skipped. */

if (!hasChromium) process.stderr.write('tests/e2e/pages.test.ts is skipped: there is no /usr/bin/chromium\n');

const email = 'jo@example.org';
const password = 'eleven grey herons by the canal';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** For a machine on which much else runs; nothing here is about time. */
const patienceMs = 120_000;

describe.skipIf(!hasChromium)('the pages', { timeout: patienceMs }, () => {
  let vallum: Vallum;
  let idp: IdentityProvider;
  let browser: Browser;
  let oneTime: string;
  /** Every address that a page has asked for. */
  const asked = new Set<string>();

  beforeAll(async () => {
    idp = await startIdentityProvider();
    [vallum, browser] = await Promise.all([
      startVallum({
        settings: {
          // Links that it would refuse are what the pages are tested with.
          waf: { mode: 'detect' },
          identity: {
            providers: [
              {
                name: 'acme',
                title: 'Acme',
                issuer: idp.url,
                client_id: clientId,
                default_roles: ['developer'],
                rp_logout: true,
              },
            ],
          },
        },
      }),
      startChromium(),
    ]);
    idp.serve({
      redirectUri: `${vallum.url}/v1/sign-in/acme/callback`,
      signedOutUri: `${vallum.url}/sign-in`,
    });
    const key = vallum.secrets.adminKey;
    const made = (await ask(vallum, '/v1/users', { key, body: { email, name: 'Jo Doe' } })).json<{
      id: string;
      one_time: { password: string };
    }>();
    oneTime = made.one_time.password;
    const body = { role: 'developer', tenant: null };
    expect((await ask(vallum, `/v1/users/${made.id}/roles`, { key, body })).status).toBe(201);
  });
  afterAll(async () => {
    await browser?.close();
    await vallum?.remove();
    await idp?.close();
  });

  /** Passkeys are for names, which addresses are not. */
  const byName = (): string => vallum.url.replace('127.0.0.1', 'localhost');

  /** A page in a browser that nobody has used. */
  async function newPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(patienceMs / 2);
    context.on('request', (request) => asked.add(request.url()));
    return context.newPage();
  }

  /** Fills the form and sends it. */
  async function giveTo(page: Page, words: string, code?: string): Promise<void> {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(words);
    if (code !== undefined) await page.getByLabel('Code').fill(code);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  async function signIn(page: Page, base = vallum.url): Promise<void> {
    await page.goto(`${base}/sign-in`);
    await giveTo(page, password);
  }

  const account = (page: Page) => page.getByRole('heading', { name: 'Who you are' });
  const message = (page: Page, text: string) => page.getByRole('alert').filter({ hasText: text });

  /** What axe-core finds against WCAG 2.2 and its own best practices. */
  async function findingsOf(page: Page): Promise<string[]> {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
  }

  /** In both colour schemes, one on a phone and one on a desk. */
  async function expectAccessible(page: Page): Promise<void> {
    for (const [colorScheme, width] of [
      ['light', 320],
      ['dark', 1_000],
    ] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 700 });
      expect({ colorScheme, findings: await findingsOf(page) }).toEqual({ colorScheme, findings: [] });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    }
  }

  it('let nobody see an account without a session: who is not signed in is asked to, and comes back', async () => {
    const page = await newPage();
    await page.goto(`${vallum.url}/account`);
    await page.waitForURL('**/sign-in?return_to=%2Faccount');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('say what is wrong where the focus is, and keep what was typed', async () => {
    const page = await newPage();
    await page.goto(`${vallum.url}/sign-in`);
    await giveTo(page, 'not the password');
    await message(page, 'E-mail, password or code is not right.').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('message');
    expect(await page.getByLabel('E-mail').inputValue()).toBe(email);
    await expectAccessible(page);
  });

  it('ask who comes with a password of an administrator for one of their own, before anything else', async () => {
    const page = await newPage();
    await page.goto(`${vallum.url}/sign-in`);
    await giveTo(page, oneTime);
    await message(page, 'Choose a password of your own').waitFor();
    expect(await account(page).isVisible()).toBe(false);
    await page.getByLabel('Old password').fill(oneTime);
    await page.getByLabel('New password').fill(password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await message(page, 'The password is changed.').waitFor();
    await account(page).waitFor();
  });

  it('show who is signed in, and where; another session can be ended, a tenant changed', async () => {
    const [page, other] = [await newPage(), await newPage({ userAgent: 'Another device' })];
    await Promise.all([signIn(page), signIn(other)]);
    await account(other).waitFor();
    await account(page).waitFor();
    for (const text of [email, 'Jo Doe', 'developer']) await page.getByText(text, { exact: true }).waitFor();
    await page.reload();
    await expectAccessible(page);

    await page.getByRole('button', { name: 'End: Another device' }).click();
    await message(page, 'The session is over.').waitFor();
    await other.reload();
    await other.waitForURL('**/sign-in?*');

    await page.getByLabel('Tenant').selectOption({ label: 'development (development)' });
    await page.getByRole('button', { name: 'Switch' }).click();
    await message(page, 'You are in the other tenant now.').waitFor();
    await page.reload();
    await account(page).waitFor();
    expect(await page.getByLabel('Tenant').locator('option:checked').textContent()).toBe(
      'development (development)',
    );
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in');
    await page.goto(`${vallum.url}/account`);
    await page.waitForURL('**/sign-in?*');
  });

  it('add a passkey, by which the next sign-in goes without a password', async () => {
    const page = await newPage();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await signIn(page, byName());
    await page.getByLabel('Name of the device').fill('My laptop');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await message(page, 'The passkey is added.').waitFor();
    await page.getByText('My laptop', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await account(page).waitFor();
    await page.getByText(/^This session, by passkey/).waitFor();
    await page.getByRole('button', { name: 'Remove: My laptop' }).click();
    await message(page, 'The passkey is removed.').waitFor();
  });

  it('set up an authenticator app, whose code is asked for from then on', async () => {
    const page = await newPage();
    await signIn(page);
    await page.getByRole('button', { name: 'Set it up' }).click();
    // Shown once the key is there.
    await page.locator('#totp-code').waitFor();
    const secret = (await page.locator('#totp-key').textContent()) ?? '';
    expect(await page.getByRole('link', { name: 'Open in the app' }).getAttribute('href')).toMatch(
      /^otpauth:\/\/totp\//,
    );
    await page.locator('#totp-code').fill(appCode(secret));
    await page.getByRole('button', { name: 'Turn it on' }).click();
    await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();
    const [recovery = ''] = await page.locator('#recovery-codes code').allTextContents();
    await expectAccessible(page);

    const next = await newPage();
    await signIn(next);
    await next.getByLabel('Code').waitFor();
    expect(await next.evaluate('document.activeElement.id')).toBe('code');
    await expectAccessible(next);
    await giveTo(next, password, appCode(secret, Date.now() + 30_000));
    await account(next).waitFor();

    await next.getByRole('textbox', { name: 'Password', exact: true }).fill(password);
    await next.getByRole('textbox', { name: 'Code', exact: true }).fill(recovery);
    await next.getByRole('button', { name: 'Turn it off' }).click();
    await message(next, 'The authenticator app is off.').waitFor();
  });

  it('lead through an identity provider and back, also for the sign-out', async () => {
    idp.person = { sub: 'ann', email: 'ann@example.org', email_verified: true, name: 'Ann' };
    const page = await newPage();
    await page.goto(`${vallum.url}/sign-in?return_to=/account%3Fx%3D1`);
    await page.getByRole('link', { name: 'Continue with Acme' }).click();
    await page.waitForURL(`${vallum.url}/account?x=1`);
    await page.getByText('ann@example.org', { exact: true }).waitFor();
    expect(await page.getByRole('heading', { name: 'Password' }).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${idp.url}/**`);
  });

  it('say in our words why a provider’s sign-in did not come about', async () => {
    idp.person = undefined;
    const page = await newPage();
    await page.goto(`${vallum.url}/sign-in`);
    await page.getByRole('link', { name: 'Continue with Acme' }).click();
    await message(page, 'The sign-in was cancelled.').waitFor();
    await page.goto(`${vallum.url}/sign-in?error=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E`);
    await message(page, 'The sign-in did not work.').waitFor();
    for (const name of ['__proto__', 'constructor', 'toString']) {
      await page.goto(`${vallum.url}/sign-in?error=${name}`);
      await message(page, 'The sign-in did not work.').waitFor();
    }
  });

  it('never lead away, whoever made the link: neither to a provider nor after the sign-in', async () => {
    const page = await newPage();
    const targets = [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example',
      '/%2f%2fevil.example',
      '/.//evil.example',
      '/\t/evil.example',
      'javascript:alert(1)',
    ];
    for (const target of targets) {
      await page.goto(`${vallum.url}/sign-in?${new URLSearchParams({ return_to: target })}`);
      const link = page.getByRole('link', { name: 'Continue with Acme' });
      await link.waitFor();
      expect(await link.getAttribute('href')).toBe('/v1/sign-in/acme?return_to=%2Faccount');
    }
    await giveTo(page, password);
    await page.waitForURL(`${vallum.url}/account`);
  });

  it('run no script but their own: what somebody got into one does nothing, and the browser reports it', async () => {
    const page = await newPage();
    // As if a page of ours had put somebody's words in as they are.
    const injected =
      '<script>globalThis.ran = "inline"</script><img src="x" onerror="globalThis.ran = \'handler\'">' +
      '<script src="https://evil.example/x.js"></script><style>h1 { display: none }</style><base href="https://evil.example/">' +
      '<iframe src="https://evil.example/"></iframe><object data="https://evil.example/"></object>';
    await page.addInitScript(`
      globalThis.seen = [];
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => seen.push(effectiveDirective));
    `);
    await page.route('**/sign-in', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace('<h1>', `${injected}<h1>`);
      await route.fulfill({ response, body });
    });
    const reached: string[] = [];
    page.on('response', (response) => reached.push(new URL(response.url()).origin));
    await page.goto(`${vallum.url}/sign-in`);
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    // Its own script ran, whatever else is in it.
    await page.getByRole('link', { name: 'Continue with Acme' }).waitFor();
    const wanted = [
      'script-src-elem',
      'script-src-attr',
      'style-src-elem',
      'base-uri',
      'frame-src',
      'object-src',
    ];
    await expect
      .poll(() => page.evaluate('seen'), { timeout: 20_000 })
      .toEqual(expect.arrayContaining(wanted));
    expect(await page.evaluate('globalThis.ran')).toBeUndefined();
    expect(await page.getByRole('heading', { name: 'Sign in' }).isVisible()).toBe(true);
    expect(new Set(reached)).toEqual(new Set([vallum.url]));
  });

  it('cannot be framed by others', async () => {
    const page = await newPage();
    await page.route('https://evil.example/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${vallum.url}/sign-in"></iframe>` }),
    );
    await page.goto('https://evil.example/');
    const [, frame] = page.frames();
    await expect.poll(() => frame?.url(), { timeout: 20_000 }).toContain('chrome-error:');
  });

  it('have asked nobody but this server, and the provider where somebody went there', async () => {
    const origins = new Set([...asked].map((url) => new URL(url).origin));
    origins.delete('https://evil.example');
    expect([...origins].sort()).toEqual([byName(), vallum.url, idp.url].sort());
    // What the browser asked for by itself is ours too.
    expect([...asked].filter((url) => url.startsWith(idp.url)).every((url) => !url.includes('/pages/'))).toBe(
      true,
    );
  });
});
