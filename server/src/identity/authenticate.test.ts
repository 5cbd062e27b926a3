import type { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Arrival, Exchange, Fault, newId, rawRoute } from '../kernel/index.ts';
import { hashKey, mintKey } from './api-key.ts';
import { createAuthenticate } from './authenticate.ts';
import type { CertificateVerifier } from './certificates/certificate-verifier.ts';
import { createKeyVerifier } from './keys/key-verifier.ts';
import type { Credential } from './keys/ports.ts';
import {
  handClock,
  keySetOf,
  nowMs,
  nowSeconds,
  organization,
  setUpVerifier,
  signingKey,
  tenant,
  tokenOf,
} from './testing/test-issuer.ts';
import type { Verifier } from './verifier.ts';

const issuerKey = signingKey('a');
const pepper = Buffer.alloc(32, 1);
const apiKey = mintKey('production');
const credential: Credential = {
  key: newId('key', 1),
  organization,
  tenant,
  environment: 'production',
  scopes: ['vallum:read'],
  ratePerMinute: 100,
  allowedAddresses: [],
  service: undefined,
  roles: [],
  organizationRoles: [],
  expiresAtMs: undefined,
  ended: false,
};

const route = rawRoute({
  method: 'GET',
  path: '/x',
  action: 'model:list',
  summary: 'For this test',
  seals: 'none',
  handle: async () => ({ contentType: 'text/plain', bytes: Buffer.alloc(0) }),
});

interface SetUp {
  readonly withTokens?: boolean;
  readonly certificates?: (clock: ReturnType<typeof handClock>) => CertificateVerifier;
}

function setUp({ withTokens = true, certificates }: SetUp = {}) {
  const clock = handClock();
  const asked = { keys: 0, tokens: 0 };
  const verifier = setUpVerifier({ fetchKeys: async () => keySetOf(issuerKey) });
  const keys = createKeyVerifier({
    credentials: {
      async lookup(hash) {
        asked.keys += 1;
        return hash.equals(hashKey(pepper, apiKey)) ? credential : undefined;
      },
    },
    peppers: [{ version: 1, key: pepper }],
    lastUsed: { of: () => () => {} },
    onMisplaced: () => {},
    clock,
  });
  const tokens: Verifier = {
    ...verifier,
    find(token) {
      asked.tokens += 1;
      return verifier.find(token);
    },
  };
  const control = { generation: () => 1, confirmed: () => true };
  const { step, forget } = createAuthenticate({
    verifiers: withTokens ? [tokens, keys] : [keys],
    ...(certificates && { certificates: certificates(clock) }),
    control,
    clock,
  });
  const pass = (ms: number): void => {
    clock.pass(ms);
    verifier.clock.pass(ms);
  };
  async function call(headers: Arrival['headers'], chain: readonly object[] = []) {
    const arrival = {
      method: 'GET',
      path: '/x',
      query: '',
      params: {},
      headers,
      rawHeaders: [],
      address: '127.0.0.1',
    };
    const x = new Exchange(newId('request', nowMs), nowMs, route, {
      ...arrival,
      certificates: () => chain as readonly X509Certificate[],
      body: async () => Buffer.alloc(0),
    });
    await step.run(x);
    return x.who;
  }
  return { call, bearer: (text: string) => call({ authorization: `Bearer ${text}` }), forget, asked, pass };
}

describe('a bearer token', () => {
  it('is verified once, and then believed by its digest for a minute', async () => {
    const { bearer, asked, pass } = setUp();
    const token = tokenOf(issuerKey);
    const first = await bearer(token);
    expect(first).toMatchObject({ tenant, principal: { type: 'user' } });
    expect(await bearer(token)).toBe(first);
    expect(asked).toEqual({ keys: 0, tokens: 1 });
    pass(60_000);
    expect(await bearer(token)).toEqual(first);
    expect(asked.tokens).toBe(2);
  });

  it('is not believed longer than it is valid, though it was verified a moment ago', async () => {
    const { bearer, pass } = setUp();
    const token = tokenOf(issuerKey, { exp: nowSeconds + 10 });
    await bearer(token);
    pass(10_000 + 30_000);
    await expect(bearer(token)).rejects.toMatchObject({
      code: 'not-authenticated',
      detail: 'This is not a valid token.',
    });
  });

  it('is verified again when everything is forgotten', async () => {
    const { bearer, forget, asked } = setUp();
    const token = tokenOf(issuerKey);
    await bearer(token);
    forget();
    await bearer(token);
    expect(asked.tokens).toBe(2);
    // What was asked before everything was forgotten is not kept either.
    const late = tokenOf(issuerKey, { jti: 'late' });
    const asking = bearer(late);
    forget();
    await asking;
    await bearer(late);
    expect(asked.tokens).toBe(4);
  });

  it('that was refused is not remembered: each one is verified, and costs its sender the same', async () => {
    const { bearer, asked } = setUp();
    const token = tokenOf(issuerKey, { exp: 1 });
    for (let i = 0; i < 2; i += 1) await expect(bearer(token)).rejects.toBeInstanceOf(Fault);
    expect(asked.tokens).toBe(2);
  });

  it('is taken from the header of other clients too, as keys are', async () => {
    const { call } = setUp();
    expect(await call({ 'x-api-key': tokenOf(issuerKey) })).toMatchObject({ tenant });
  });

  it('is no credential at all where no issuer is configured', async () => {
    const { bearer, asked } = setUp({ withTokens: false });
    await expect(bearer(tokenOf(issuerKey))).rejects.toMatchObject({
      detail: 'This is not a valid API key.',
    });
    expect(asked).toEqual({ keys: 0, tokens: 0 });
  });
});

describe('an API key', () => {
  it('is looked up as before, and no issuer hears of it', async () => {
    const { bearer, asked } = setUp();
    expect(await bearer(apiKey)).toMatchObject({ principal: { type: 'service', id: credential.key } });
    await bearer(apiKey);
    expect(asked).toEqual({ keys: 1, tokens: 0 });
  });

  it('that is wrong is refused as before', async () => {
    const { bearer, asked } = setUp();
    for (const text of ['vk_live_x', 'sk-proj-abc', `${apiKey}x`])
      await expect(bearer(text)).rejects.toMatchObject({
        code: 'not-authenticated',
        detail: 'This is not a valid API key.',
        challenge: 'invalid_token',
      });
    expect(asked).toEqual({ keys: 0, tokens: 0 });
  });
});

describe("a client's certificate", () => {
  const chain = [{ fingerprint256: 'aa' }, { fingerprint256: 'ca' }];
  const principal = { type: 'agent', id: newId('agent', 1) } as const;
  const caller = {
    ...credential,
    roles: [],
    principal,
    credential: { kind: 'certificate', id: principal.id } as const,
  };

  /** Believes whoever comes, for ten seconds of their own. */
  function withCertificates({ both = false, of = tenant } = {}) {
    let asked = 0;
    const made = setUp({
      certificates: (clock) => ({
        bothFor: new Set(both ? [tenant] : []),
        refused: () => new Fault('not-authenticated', { detail: 'This certificate is nobody.' }),
        async find() {
          asked++;
          const now = clock.now();
          return { caller: { ...caller, tenant: of }, untilMs: now + 60_000, expiresAtMs: now + 10_000 };
        },
      }),
    });
    return { ...made, found: () => asked };
  }
  const bearing = { authorization: `Bearer ${apiKey}` };

  it('counts where nothing else is presented, is asked about once, and again when everything is forgotten', async () => {
    const { call, found, forget } = withCertificates();
    for (let i = 0; i < 3; i += 1) expect(await call({}, chain)).toMatchObject({ principal });
    expect(found()).toBe(1);
    forget();
    await call({}, chain);
    expect(found()).toBe(2);
    await call({}, [...chain].reverse());
    expect(found()).toBe(3);
  });

  it('does not count beside a key, a good one or a wrong one', async () => {
    const { call, found } = withCertificates();
    expect(await call(bearing, chain)).toMatchObject({ principal: { id: credential.key } });
    await expect(call({ authorization: 'Bearer vk_live_x' }, chain)).rejects.toMatchObject({
      code: 'not-authenticated',
    });
    expect(found()).toBe(0);
  });

  it('is not believed beyond its end, though it was a moment ago', async () => {
    const { call, pass } = withCertificates();
    await call({}, chain);
    pass(10_000);
    await expect(call({}, chain)).rejects.toMatchObject({ detail: 'This certificate is nobody.' });
  });

  it('that is not there is nothing: the answer says what to send', async () => {
    await expect(withCertificates().call({})).rejects.toMatchObject({
      detail: expect.stringContaining('API key'),
    });
  });

  it('and a key need each other where both are needed, each for the same tenant; who lacks one is nobody', async () => {
    const { call } = withCertificates({ both: true });
    expect(await call(bearing, chain)).toMatchObject({ principal: { id: credential.key } });
    // The second time from memory.
    expect(await call(bearing, chain)).toMatchObject({ principal: { id: credential.key } });
    for (const [headers, sent] of [
      [bearing, []],
      [{}, chain],
    ] as const)
      await expect(call(headers, sent)).rejects.toMatchObject({ code: 'not-authenticated' });
    const elsewhere = withCertificates({ both: true, of: newId('tenant', 2) });
    await expect(elsewhere.call(bearing, chain)).rejects.toMatchObject({
      detail: 'This is not a valid API key.',
    });
  });
});
