import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  audience,
  claimsOf,
  headerOf,
  issuerUrl,
  keySetOf,
  nowSeconds,
  organization,
  otherTenant,
  type SigningKey,
  settingsOf,
  setUpVerifier,
  signingKey,
  signToken,
  tenant,
  tokenOf,
} from '../testing/test-issuer.ts';
import type { TokenRefusal } from './refusal.ts';

const rsa = signingKey('rsa-1', 'RS256');
const ec = signingKey('ec-1', 'ES256');
const ed = signingKey('ed-1', 'EdDSA');
const secondEc = signingKey('ec-2', 'ES256');
const published = keySetOf(rsa, ec, ed, secondEc);

const ourFetch = async () => published;
const setUp = (settings: object = {}) => setUpVerifier({ settings, fetchKeys: ourFetch });

/** That a token is refused, in the words that every token is, and why. */
async function expectRefused(token: string, reason: TokenRefusal, settings: object = {}): Promise<void> {
  const { find, refusals } = setUp(settings);
  await expect(find(token)).rejects.toMatchObject({
    code: 'not-authenticated',
    detail: 'This is not a valid token.',
    challenge: 'invalid_token',
    cause: undefined,
  });
  expect(refusals.map((refusal) => refusal.reason)).toEqual([reason]);
}

describe('a token', () => {
  it.each([rsa, ec, ed].map((key) => [key.algorithm, key] as const))(
    'signed with %s by a key that its issuer publishes is believed',
    async (_, key) => {
      const { find, refusals } = setUp();
      const { caller, untilMs } = await find(tokenOf(key));
      expect(caller).toMatchObject({
        principal: { type: 'user' },
        organization,
        tenant,
        environment: 'production',
        scopes: ['models:invoke'],
        roles: [],
        ratePerMinute: 100,
        subject: { issuer: issuerUrl, name: 'jane@example.org' },
      });
      expect(untilMs).toBe((nowSeconds + 60) * 1000);
      expect(refusals).toEqual([]);
    },
  );

  it('gives its subject one id for ever, from which nobody can tell who it is', async () => {
    const { find } = setUp();
    const [first, again, other] = await Promise.all([
      find(tokenOf(ec)),
      find(tokenOf(rsa, { scope: '', jti: 'x' })),
      find(tokenOf(ec, { sub: 'jane@example.com' })),
    ]);
    expect(first.caller.principal.id).toMatch(
      /^usr_[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(again.caller.principal).toEqual(first.caller.principal);
    expect(other.caller.principal).not.toEqual(first.caller.principal);
  });

  it('may name several audiences, of which one is ours', async () => {
    const { caller } = await setUp().find(tokenOf(ec, { aud: ['https://other.example', audience] }));
    expect(caller.tenant).toBe(tenant);
  });

  it('may say where a key is: that is not read, and nothing is fetched from there', async () => {
    const asked: unknown[] = [];
    const { find } = setUpVerifier({
      fetchKeys: async (source) => {
        asked.push(source);
        return published;
      },
    });
    const elsewhere = {
      jku: 'https://evil.example/keys',
      x5u: 'https://evil.example/cert',
      x5t: 'AA',
      x5c: ['AA'],
    };
    await find(tokenOf(ec, {}, elsewhere));
    expect(asked).toEqual([{ url: `${issuerUrl}/keys` }]);
  });

  it('is accepted within the tolerance of clocks, and no longer', async () => {
    await setUp().find(tokenOf(ec, { exp: nowSeconds - 29 }));
    await setUp().find(tokenOf(ec, { nbf: nowSeconds + 30, iat: nowSeconds + 30 }));
    await expectRefused(tokenOf(ec, { exp: nowSeconds - 30 }), 'expired');
    await expectRefused(tokenOf(ec, { nbf: nowSeconds + 31 }), 'not-yet-valid');
    await expectRefused(tokenOf(ec, { exp: nowSeconds }), 'expired', { clock_tolerance_s: 0 });
  });

  it('without a key id is accepted where one key alone is fit', async () => {
    const unnamed = { alg: 'RS256', typ: 'JWT' };
    expect((await setUp().find(signToken(rsa, unnamed, claimsOf()))).caller.tenant).toBe(tenant);
  });
});

describe('a token that is forged', () => {
  const unsigned = (header: object): string =>
    `${[header, claimsOf()].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;

  it.each(['none', 'None', 'NONE', 'nOnE'])('with alg %s, without a signature', (alg) =>
    expectRefused(unsigned({ alg, typ: 'JWT' }), 'malformed'),
  );

  it('with alg none and something where the signature is', () =>
    expectRefused(`${unsigned({ alg: 'none', typ: 'JWT' })}AAAA`, 'algorithm'));

  it.each([
    ['PEM', rsa.publicKey.export({ type: 'spki', format: 'pem' })],
    ['DER', rsa.publicKey.export({ type: 'spki', format: 'der' })],
    ['JWK', JSON.stringify(rsa.jwk)],
  ])('with HS256 and the public RSA key as the secret, as %s', async (_, secret) => {
    const input = [headerOf(rsa, { alg: 'HS256' }), claimsOf()]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    await expectRefused(
      `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`,
      'algorithm',
    );
  });

  it("with another algorithm than its key's", async () => {
    await expectRefused(signToken(ec, headerOf(ec, { alg: 'EdDSA' }), claimsOf()), 'key-unknown');
    await expectRefused(signToken(rsa, headerOf(rsa, { alg: 'PS256' }), claimsOf()), 'algorithm');
    await expectRefused(signToken(rsa, headerOf(rsa, { alg: 'RS1' }), claimsOf()), 'algorithm');
  });

  it("with an algorithm that its issuer's settings leave out", () =>
    expectRefused(tokenOf(rsa), 'algorithm', { algorithms: ['EdDSA'] }));

  it('with ES256 over a curve that is not its own', async () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const foreign = { id: 'ec-1', algorithm: 'ES256', ...p384, jwk: {} } as const;
    await expectRefused(tokenOf(foreign), 'signature');
    const { find, refusals } = setUpVerifier({
      fetchKeys: async () =>
        JSON.stringify({ keys: [{ ...p384.publicKey.export({ format: 'jwk' }), kid: 'ec-1' }, rsa.jwk] }),
    });
    await expect(find(tokenOf(foreign))).rejects.toMatchObject({ code: 'not-authenticated' });
    expect(refusals).toMatchObject([{ reason: 'key-unknown' }]);
  });

  it('with a signature of zeros (the curve point that proves everything to a careless verifier)', () =>
    expectRefused(tokenOf(ec).replace(/[^.]+$/, Buffer.alloc(64).toString('base64url')), 'signature'));

  it('with an ECDSA signature in DER, which JOSE does not have', () => {
    const input = tokenOf(ec).replace(/\.[^.]+$/, '');
    const der = sign('sha256', Buffer.from(input), ec.privateKey);
    return expectRefused(`${input}.${der.toString('base64url')}`, 'signature');
  });

  it('by somebody who names a key that is published, and has another', () =>
    expectRefused(tokenOf({ ...signingKey('ec-1'), id: 'ec-1' }), 'signature'));

  it('by somebody who brings the key along: jwk, jku, x5u and x5c', async () => {
    const own = signingKey('own');
    const brought = {
      jwk: own.jwk,
      jku: 'https://evil.example/keys',
      x5u: 'https://evil.example/cert',
      x5c: ['AA'],
    };
    await expectRefused(tokenOf(own, {}, brought), 'key-unknown');
    await expectRefused(tokenOf({ ...own, id: 'ec-1' }, {}, brought), 'signature');
  });

  it('whose key id nobody has published, however it looks', async () => {
    for (const kid of ['unknown', '../../etc/passwd', "' OR 1=1 --", 'x'.repeat(500), '__proto__'])
      await expectRefused(tokenOf(ec, {}, { kid }), 'key-unknown');
    for (const kid of [1, null, ['ec-1'], { a: 1 }, ''])
      await expectRefused(tokenOf(ec, {}, { kid }), 'header');
  });

  it('without a key id where several keys would do', () =>
    expectRefused(signToken(ec, { alg: 'ES256', typ: 'JWT' }, claimsOf()), 'key-ambiguous'));

  it('with a key id that two keys of its kind have', async () => {
    const twin = signingKey('ec-1');
    const { find, refusals } = setUpVerifier({ fetchKeys: async () => keySetOf(ec, twin) });
    await expect(find(tokenOf(ec))).rejects.toMatchObject({ code: 'not-authenticated' });
    expect(refusals).toMatchObject([{ reason: 'key-ambiguous' }]);
  });
});

describe('two issuers', () => {
  const otherUrl = 'https://login.other.example';
  const otherKey = signingKey('other-1');
  const sameName = signingKey('ec-1');
  const setUpBoth = () =>
    setUpVerifier({
      more: [settingsOf({ issuer: otherUrl, jwks_uri: `${otherUrl}/keys`, tenant: otherTenant })],
      fetchKeys: async (source) =>
        'url' in source && source.url.startsWith(otherUrl) ? keySetOf(otherKey, sameName) : published,
    });

  it('each speak for their own tenant', async () => {
    const { find } = setUpBoth();
    expect((await find(tokenOf(otherKey, { iss: otherUrl }))).caller.tenant).toBe(otherTenant);
    expect((await find(tokenOf(ec))).caller.tenant).toBe(tenant);
  });

  it('call two people by one name without making them one', async () => {
    const { find } = setUpBoth();
    const [here, there] = await Promise.all([find(tokenOf(ec)), find(tokenOf(otherKey, { iss: otherUrl }))]);
    expect(here.caller.principal.id).not.toBe(there.caller.principal.id);
  });

  it("cannot sign for each other: another's key id, and one that both have", async () => {
    for (const [key, reason] of [
      [otherKey, 'key-unknown'],
      [sameName, 'signature'],
    ] as const) {
      const { find, refusals } = setUpBoth();
      await expect(find(tokenOf(key))).rejects.toMatchObject({ code: 'not-authenticated' });
      expect(refusals).toEqual([{ reason, issuer: issuerUrl }]);
    }
  });
});

describe('a token for somebody else, or of another time', () => {
  it.each([
    ['another audience', { aud: 'https://other.example' }, 'audience'],
    ['several audiences without ours', { aud: ['https://a.example', `${audience}/`] }, 'audience'],
    ['no audience', { aud: undefined }, 'claims'],
    ['an audience that is not a text', { aud: { [audience]: true } }, 'audience'],
    ['an issuer that nobody has named', { iss: 'https://evil.example' }, 'issuer-unknown'],
    ["an issuer's name with a slash more", { iss: `${issuerUrl}/` }, 'issuer-unknown'],
    ["an issuer's name in capitals", { iss: issuerUrl.toUpperCase() }, 'issuer-unknown'],
    ['several issuers', { iss: [issuerUrl] }, 'issuer-unknown'],
    ['no issuer', { iss: undefined }, 'issuer-unknown'],
    ['an end in the past', { exp: nowSeconds - 3600 }, 'expired'],
    ['no end', { exp: undefined }, 'claims'],
    ['an end that is a text', { exp: String(nowSeconds + 300) }, 'claims'],
    ['a beginning in the future', { nbf: nowSeconds + 3600 }, 'not-yet-valid'],
    ['a birth in the future', { iat: nowSeconds + 3600, exp: nowSeconds + 7200 }, 'not-yet-valid'],
    [
      'a birth too long ago, though its end is far',
      { iat: nowSeconds - 90_000, exp: nowSeconds + 90_000 },
      'too-old',
    ],
    ['no birth', { iat: undefined }, 'claims'],
    ['no subject', { sub: undefined }, 'claims'],
    ['an empty subject', { sub: '' }, 'claims'],
    ['a subject that is not a text', { sub: 7 }, 'claims'],
    ['a subject with a line feed', { sub: 'jane\nadmin' }, 'claims'],
    ['scopes that are not texts', { scope: { 'vallum:admin': true } }, 'claims'],
    ['the proof of another key in it (RFC 7800)', { cnf: { jkt: 'x' } }, 'bound-to-key'],
  ] as const)('%s', (_, claims, reason) => expectRefused(tokenOf(ec, claims), reason));

  it('an end at infinity', () =>
    expectRefused(
      signToken(ec, headerOf(ec), JSON.stringify(claimsOf({ exp: 1 })).replace('"exp":1', '"exp":1e999')),
      'claims',
    ));

  it.each([
    ['ID token of another profile', 'id+jwt'],
    ['a logout token', 'logout+jwt'],
    ['a number', 1],
    ['none', undefined],
    ['our word for none', 'absent'],
  ])('a type that is not accepted: %s', (_, typ) => expectRefused(tokenOf(ec, {}, { typ }), 'type'));

  it('is accepted by type as the settings say, whatever its capitals, and without one where they say so', async () => {
    for (const typ of ['jwt', 'at+JWT', 'application/at+jwt']) await setUp().find(tokenOf(ec, {}, { typ }));
    await setUp({ types: ['absent'] }).find(tokenOf(ec, {}, { typ: undefined }));
    await expectRefused(tokenOf(ec), 'type', { types: ['absent'] });
  });
});

describe('a token that readers could understand differently', () => {
  const header = JSON.stringify(headerOf(ec));
  const claims = JSON.stringify(claimsOf());

  it.each([
    ['a claim twice', header, claims.replace('{', '{"sub":"root",')],
    ['a claim twice, once in escapes', header, claims.replace('{', '{"\\u0073ub":"root",')],
    ['a member of a claim twice', header, claims.replace('{', '{"a":{"b":1,"b":2},')],
    ['a header twice', header.replace('{', '{"alg":"none",'), claims],
    ['a key id twice', header.replace('{', '{"kid":"ec-2",'), claims],
  ])('%s', (_, first, second) => expectRefused(signToken(ec, first, second), 'duplicate-member'));

  it.each([
    ['crit', { crit: ['exp'], exp: 1 }],
    ['an empty crit', { crit: [] }],
    ['b64 that is false (RFC 7797)', { b64: false, crit: ['b64'] }],
    ['b64 alone', { b64: false }],
    ['a token in the token', { cty: 'JWT' }],
    ['compression', { zip: 'DEF' }],
    ['encryption', { enc: 'A256GCM' }],
  ])('a header that changes the rules: %s', (_, more) => expectRefused(tokenOf(ec, {}, more), 'header'));

  it('one that is encrypted (five parts)', () =>
    expectRefused('eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA', 'encrypted'));

  it.each([
    ['two parts', 'eyJhbGciOiJFUzI1NiJ9.e30'],
    ['four parts', `${tokenOf(ec)}.AA`],
    ['padding', `${tokenOf(ec)}=`],
    ['the other alphabet', tokenOf(ec).replace(/[^.]+$/, '++++')],
    ['spaces', tokenOf(ec).replace('.', ' .')],
    ['a list as its claims', signToken(ec, header, '[1]')],
    ['a text as its header', signToken(ec, '"ES256"', claims)],
    ['null as its header', signToken(ec, 'null', claims)],
    ['no JSON', signToken(ec, header, '{iss:1}')],
    ['a mark of byte order', signToken(ec, `\ufeff${header}`, claims)],
    ['nothing', '..'],
  ])('one that is not in its form: %s', (_, token) => expectRefused(token, 'malformed'));

  it('one with bytes that are not UTF-8', () => {
    const broken = Buffer.concat([
      Buffer.from(claims.slice(0, -1)),
      Buffer.from(',"x":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    const [first] = tokenOf(ec).split('.');
    const input = `${first}.${broken.toString('base64url')}`;
    const signature = sign('sha256', Buffer.from(input), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
    return expectRefused(`${input}.${signature.toString('base64url')}`, 'malformed');
  });

  it('one that is huge, before anything of it is read', () =>
    expectRefused(tokenOf(ec, { filler: 'x'.repeat(8_192) }), 'too-long'));

  it('one that is changed in any character, at any place: nothing but what was signed is accepted', async () => {
    const tokens = [rsa, ec, ed].map((key) => tokenOf(key));
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ é';
    const { find } = setUp();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...tokens),
        fc.array(
          fc.record({
            at: fc.nat(),
            cut: fc.nat({ max: 3 }),
            put: fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 3 }),
          }),
          { minLength: 1, maxLength: 3 },
        ),
        async (token, changes) => {
          let text = token;
          for (const { at, cut, put } of changes) {
            const place = at % (text.length + 1);
            text = text.slice(0, place) + put + text.slice(place + cut);
          }
          fc.pre(!tokens.includes(text));
          await expect(find(text)).rejects.toMatchObject({ code: 'not-authenticated' });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('one whose last character is changed to each other one: a signature has one spelling', async () => {
    const { find } = setUp();
    for (const key of [rsa, ec, ed]) {
      const token = tokenOf(key);
      for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        if (token.endsWith(last)) continue;
        await expect(find(token.slice(0, -1) + last)).rejects.toMatchObject({ code: 'not-authenticated' });
      }
    }
  });
});

describe('what a token gets', () => {
  const scopes = async (claims: object, settings: object = {}) =>
    (await setUp(settings).find(tokenOf(ec, claims))).caller.scopes;

  it('is what it says, as far as its issuer may give it', async () => {
    expect(await scopes({ scope: 'models:invoke vallum:read' })).toEqual(['vallum:read', 'models:invoke']);
    expect(await scopes({ scope: 'vallum:admin openid models:invoke' })).toEqual(['models:invoke']);
    expect(await scopes({ scope: 'vallum:admin' })).toEqual([]);
    expect(await scopes({ scope: undefined })).toEqual([]);
    expect(await scopes({ scope: undefined, scp: ['vallum:read'] })).toEqual(['vallum:read']);
    expect(await scopes({ scope: '', scp: 'vallum:read' })).toEqual([]);
    expect(
      await scopes({ scope: 'vallum:read', permissions: ['models:invoke'] }, { scope_claim: 'permissions' }),
    ).toEqual(['models:invoke']);
  });

  it('comes from its roles too, and never more than the issuer may give', async () => {
    const settings = {
      roles_claim: ['realm_access', 'roles'],
      roles: { reader: ['vallum:read'], boss: ['vallum:admin', 'vallum:read', 'models:invoke'] },
    };
    expect(
      await scopes({ scope: '', realm_access: { roles: ['reader', 'unknown', 'constructor'] } }, settings),
    ).toEqual(['vallum:read']);
    expect(await scopes({ scope: '', realm_access: { roles: ['boss'] } }, settings)).toEqual([
      'vallum:read',
      'models:invoke',
    ]);
    expect(await scopes({ scope: '', roles: ['boss'] }, settings)).toEqual([]);
    await expectRefused(tokenOf(ec, { realm_access: { roles: { boss: true } } }), 'claims', settings);
  });

  it('has the roles that the settings make of its own, and no other, and none beyond its tenant', async () => {
    const settings = {
      scopes: [],
      roles_claim: ['realm_access', 'roles'],
      role_map: { staff: ['developer', 'auditor'], prod: ['developer'] },
    };
    const callerOf = async (claims: object, more: object = settings) =>
      (await setUp(more).find(tokenOf(ec, claims))).caller;
    const of = async (claims: object) => (await callerOf(claims)).roles;
    expect(await of({ realm_access: { roles: ['prod', 'staff', 'owner', '__proto__'] } })).toEqual([
      'developer',
      'auditor',
    ]);
    expect(await of({ realm_access: { roles: 'staff' } })).toEqual(['developer', 'auditor']);
    expect(await of({ realm_access: { roles: [] } })).toEqual([]);
    expect(await of({ roles: ['staff'] })).toEqual([]);
    const { scopes: none, organizationRoles } = await callerOf({ realm_access: { roles: ['staff'] } });
    expect({ none, organizationRoles }).toEqual({ none: [], organizationRoles: undefined });
    expect((await callerOf({ realm_access: { roles: ['staff'] } }, {})).roles).toEqual([]);
  });

  it('is for the tenant that it names, where its issuer may speak for it', async () => {
    const tenantOf = async (claims: object, settings: object) =>
      (await setUp({ tenant: undefined, ...settings }).find(tokenOf(ec, claims))).caller.tenant;
    const byId = { tenant_claim: 'https://vallum.example.org/tenant' };
    const byName = { tenant_claim: 'org', tenants: { acme: tenant, other: otherTenant } };
    expect(await tenantOf({ 'https://vallum.example.org/tenant': otherTenant }, byId)).toBe(otherTenant);
    expect(await tenantOf({ org: 'other' }, byName)).toBe(otherTenant);
    const elsewhere = 'tnt_00000000-0000-7000-8000-000000000009';
    for (const [claims, settings] of [
      [{}, byId],
      [{ 'https://vallum.example.org/tenant': elsewhere }, byId],
      [{ 'https://vallum.example.org/tenant': [tenant] }, byId],
      [{ 'https://vallum.example.org/tenant': 'acme' }, byId],
      [{ org: tenant }, byName],
      [{ org: 'constructor' }, byName],
      [{ org: ['acme'] }, byName],
    ] as const)
      await expectRefused(tokenOf(ec, claims), 'tenant', { tenant: undefined, ...settings });
  });

  it('is nothing in a tenant of an organization that its issuer does not speak for', () =>
    expectRefused(tokenOf(ec), 'tenant', { organization: 'org_00000000-0000-7000-8000-000000000009' }));

  it('is as a user, a service or an agent by the settings, or by a claim that must be one of these', async () => {
    const principal = async (claims: object, settings: object) =>
      (await setUp(settings).find(tokenOf(ec, claims))).caller.principal;
    expect(await principal({}, { principal: 'service' })).toMatchObject({
      type: 'service',
      id: expect.stringMatching(/^svc_/),
    });
    expect(await principal({ kind: 'agent' }, { principal_claim: 'kind' })).toMatchObject({
      type: 'agent',
      id: expect.stringMatching(/^agt_/),
    });
    for (const kind of ['system', 'constructor', undefined, ['user']])
      await expectRefused(tokenOf(ec, { kind }), 'claims', { principal_claim: 'kind' });
  });

  it('ends with the token, or with its greatest age', async () => {
    const { untilMs } = await setUp({ max_age_s: 100 }).find(tokenOf(ec, { iat: nowSeconds - 60 }));
    expect(untilMs).toBe((nowSeconds + 40) * 1000);
  });
});

describe('a caller', () => {
  it('learns nothing from the answer, whatever is wrong: it is the same each time', async () => {
    const { find } = setUp();
    const wrong: readonly string[] = [
      'a.b.c',
      tokenOf(ec, { exp: 1 }),
      tokenOf(ec, { iss: 'https://evil.example' }),
      tokenOf({ ...signingKey('ec-1'), id: 'ec-1' } satisfies SigningKey),
    ];
    const said = await Promise.all(
      wrong.map((token) => find(token).catch((error: unknown) => JSON.stringify(error))),
    );
    expect(new Set(said).size).toBe(1);
  });
});
