import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signingKey } from '../testing/test-issuer.ts';
import { readKeySet } from './json-web-keys.ts';

const [rsa, ec, ed] = [signingKey('a', 'RS256'), signingKey('b', 'ES256'), signingKey('c', 'EdDSA')];
const read = (...keys: object[]) => readKeySet(JSON.stringify({ keys }));
const jwkOf = ({ publicKey }: { publicKey: { export(options: { format: 'jwk' }): object } }) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid: 'x',
});
const generated = (bits: number, exponent = 65_537) =>
  jwkOf(generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: exponent }));
const { n } = rsa.publicKey.export({ format: 'jwk' });

describe('a set of keys', () => {
  it('has those that are fit, each for one algorithm', async () => {
    expect(await read(rsa.jwk, ec.jwk, ed.jwk)).toMatchObject([
      { id: 'a', algorithm: 'RS256' },
      { id: 'b', algorithm: 'ES256' },
      { id: 'c', algorithm: 'EdDSA' },
    ]);
  });

  it('may say nothing of ids, uses and algorithms', async () => {
    const { kid, use, alg, ...bare } = ec.jwk;
    expect([kid, use, alg]).toEqual(['b', 'sig', 'ES256']);
    expect(await read(bare)).toMatchObject([{ id: undefined, algorithm: 'ES256' }]);
    expect(await read({ ...bare, key_ops: ['verify'] })).toHaveLength(1);
  });

  it.each([
    ['RSA of 1024 bits', generated(1024)],
    ['RSA of 2040 bits', generated(2040)],
    ['RSA with 3 as its exponent', generated(2048, 3)],
    [
      'RSA with zeros before its modulus',
      { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(257, 1).fill(0, 0, 2).toString('base64url') },
    ],
    [
      'RSA too large to be verified in time',
      { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(1025, 0xff).toString('base64url') },
    ],
    ['RSA with an exponent too large', { kty: 'RSA', n, e: Buffer.alloc(5, 0xff).toString('base64url') }],
    ['RSA with an even exponent', { kty: 'RSA', n, e: 'AQAC' }],
    ['RSA without an exponent', { kty: 'RSA', n }],
    ['a curve of another size', jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }))],
    ['a point that is not on the curve', { ...ec.jwk, y: ec.jwk.x }],
    ["the curve of somebody's coins", jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }))],
    ['a key for agreement', jwkOf(generateKeyPairSync('x25519'))],
    ['a key for encryption', { ...rsa.jwk, use: 'enc' }],
    ['a key that may only sign', { ...ec.jwk, use: undefined, key_ops: ['sign'] }],
    ['a key for another algorithm', { ...rsa.jwk, alg: 'PS256' }],
    ['a key for HMAC', { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), alg: 'HS256', kid: 'x' }],
    ['a key that is private', { ...ec.jwk, ...ec.privateKey.export({ format: 'jwk' }) }],
    ['a key with an id that is no text', { ...ec.jwk, kid: 7 }],
    ['a key without what it is made of', { kty: 'EC', crv: 'P-256' }],
    ['Ed25519 of a wrong length', { ...ed.jwk, x: 'AAAA' }],
  ])('leaves out %s, and keeps the others', async (_, unfit) => {
    expect(await read(unfit, ed.jwk)).toMatchObject([{ id: 'c' }]);
  });

  it.each(['', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[1]}', '{"keys":[{"kid":"a"}]}'])(
    'is not %j',
    async (text) => {
      await expect(readKeySet(text)).rejects.toThrow();
    },
  );
});
