import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  handClock,
  issuerUrl,
  keySetOf,
  nowSeconds,
  type SigningKey,
  signingKey,
  signToken,
} from '../testing/test-issuer.ts';
import type { Algorithm } from '../tokens/issuer.ts';
import { createIssuerKeys } from '../tokens/issuer-keys.ts';
import { verifyIdToken } from './id-token.ts';

/* What no provider of ours would ever send, but somebody who sits between could. */

const keys: Record<Algorithm, SigningKey> = {
  RS256: signingKey('rsa', 'RS256'),
  ES256: signingKey('ec', 'ES256'),
  EdDSA: signingKey('ed', 'EdDSA'),
};
const stranger = signingKey('ec', 'ES256');
const clientId = 'vallum';
const accessToken = 'an access token';

const claimsOf = (more: object = {}): object => ({
  iss: issuerUrl,
  sub: 'jane',
  aud: clientId,
  iat: nowSeconds,
  exp: nowSeconds + 300,
  nonce: 'n',
  ...more,
});

const tokenOf = (claims: object = {}, header: object = {}, key = keys.ES256): string =>
  signToken(key, { alg: key.algorithm, kid: key.id, ...header }, claimsOf(claims));

const verify = (idToken: string, fetchKeys = async () => keySetOf(...Object.values(keys))) => {
  const clock = handClock();
  const issuerKeys = createIssuerKeys({
    issuer: { keys: { url: '' } },
    fetchKeys,
    clock,
    onTrouble: () => {},
  });
  const provider = { issuer: issuerUrl, clientId };
  return verifyIdToken({ idToken, accessToken, nonce: 'n' }, provider, issuerKeys, clock);
};

const half = (algorithm: string, text = accessToken): string => {
  const digest = hash(algorithm, text, 'buffer');
  return digest.subarray(0, digest.length / 2).toString('base64url');
};

describe('an ID token', () => {
  it.each(Object.values(keys))(
    'is believed when $algorithm has signed it, with or without `typ` and `at_hash`',
    async (key) => {
      const at_hash = half(key.algorithm === 'EdDSA' ? 'sha512' : 'sha256');
      for (const [claims, header] of [
        [{}, {}],
        [{ at_hash }, { typ: 'JWT' }],
        [{ aud: [clientId] }, {}],
        [{ aud: [clientId, 'other'], azp: clientId }, {}],
      ] as const)
        expect(await verify(tokenOf(claims, header, key))).toMatchObject({ sub: 'jane' });
    },
  );

  const wrong: [string, string][] = [
    ['of another issuer', tokenOf({ iss: 'https://evil.example' })],
    ['of an issuer that differs by a slash', tokenOf({ iss: `${issuerUrl}/` })],
    ['without an issuer', tokenOf({ iss: undefined })],
    ['for another client', tokenOf({ aud: 'other' })],
    ['for nobody', tokenOf({ aud: undefined })],
    ['for others too, which does not say that it was made for us', tokenOf({ aud: [clientId, 'other'] })],
    ['made for another client', tokenOf({ azp: 'other' })],
    ['made for another client, for both', tokenOf({ aud: [clientId, 'other'], azp: 'other' })],
    ['with another nonce', tokenOf({ nonce: 'm' })],
    ['without a nonce', tokenOf({ nonce: undefined })],
    ['with a nonce that is no text', tokenOf({ nonce: ['n'] })],
    ['that is over', tokenOf({ exp: nowSeconds - 31 })],
    ['without an end', tokenOf({ exp: undefined })],
    ['that is old, though it is not over', tokenOf({ iat: nowSeconds - 400 })],
    ['of the future', tokenOf({ iat: nowSeconds + 120, exp: nowSeconds + 400 })],
    ['not valid yet', tokenOf({ nbf: nowSeconds + 120 })],
    ['without a subject', tokenOf({ sub: undefined })],
    ['with an empty subject', tokenOf({ sub: '' })],
    ['with a subject that breaks lines', tokenOf({ sub: 'a\nb' })],
    ['beside another access token', tokenOf({ at_hash: half('sha256', 'another') })],
    ['beside an access token hashed otherwise', tokenOf({ at_hash: half('sha512') })],
    ['signed by somebody else', tokenOf({}, {}, stranger)],
    ['of a key that nobody has published', tokenOf({}, { kid: 'unknown' })],
    [
      'with `alg: none`',
      `${signToken(keys.ES256, { alg: 'none' }, claimsOf()).split('.').slice(0, 2).join('.')}.`,
    ],
    ['with `alg: HS256`', tokenOf({}, { alg: 'HS256' })],
    ['with another algorithm than its key’s', tokenOf({}, { alg: 'RS256' })],
    ['that is an access token', tokenOf({}, { typ: 'at+jwt' })],
    ['that is a logout token', tokenOf({}, { typ: 'logout+jwt' })],
    ['with a header that must be understood', tokenOf({}, { crit: ['x'], x: 1 })],
    ['that brings its own key', tokenOf({}, { jwk: stranger.jwk }, stranger)],
    ['that is longer than any', tokenOf({ padding: 'x'.repeat(40_000) })],
    ['that is none', 'a.b.c'],
  ];
  it.each(wrong)('%s is refused', async (_, token) => {
    await expect(verify(token)).rejects.toMatchObject({ name: 'SignInRefused', reason: 'token-refused' });
  });

  it('cannot be judged while its keys cannot be had: that is said otherwise, since it may be good', async () => {
    const none = () => Promise.reject(new Error('down'));
    await expect(verify(tokenOf(), none)).rejects.toMatchObject({ reason: 'provider-unavailable' });
  });
});
