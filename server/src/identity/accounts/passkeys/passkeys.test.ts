import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Lies, softwareAuthenticator } from '../../../../../tests/support/software-authenticator.ts';
import { readAuthenticatorData } from './authenticator-data.ts';
import { readCbor } from './cbor.ts';
import { CeremonyRefused, verifyAssertion, verifyRegistration } from './ceremony.ts';
import { newChallenge, readChallenge } from './challenge.ts';
import { readCoseKey } from './cose-key.ts';

const party = { id: 'vallum.example.org', origin: 'https://vallum.example.org' };
const challenge = randomBytes(54).toString('base64url');
const expected = { party, isChallenge: (given: Buffer) => given.toString('base64url') === challenge };
const creation = { rp: { id: party.id }, user: { id: 'dXNlcg' }, challenge };
const request = { rpId: party.id, challenge };

const decoded = <T extends object>(response: T): { [K in keyof T]: Buffer } =>
  Object.fromEntries(
    Object.entries(response).map(([name, text]) => [name, Buffer.from(String(text), 'base64url')]),
  ) as { [K in keyof T]: Buffer };

describe.each(['ES256', 'EdDSA', 'RS256'] as const)('a passkey with %s', (algorithm) => {
  const authenticator = softwareAuthenticator(party.origin, algorithm);
  const registered = verifyRegistration(decoded(authenticator.register(creation).response), expected);

  it('is registered, and then proves who has it', () => {
    expect(registered.credentialId.toString('base64url')).toBe(authenticator.credentialId);
    const { signCount } = verifyAssertion(
      decoded(authenticator.authenticate(request).response),
      registered.publicKey,
      expected,
    );
    expect(signCount).toBeGreaterThan(registered.signCount);
  });

  it('is not another one', () => {
    const other = softwareAuthenticator(party.origin, algorithm);
    const response = decoded(other.authenticate(request).response);
    expect(() => verifyAssertion(response, registered.publicKey, expected)).toThrow(CeremonyRefused);
  });
});

const lies: readonly (readonly [string, Lies])[] = [
  ['another ceremony', { type: 'payment.get' }],
  ['another origin', { origin: 'https://vallum.example.org.evil.example' }],
  ['another port', { origin: 'https://vallum.example.org:8443' }],
  ['without TLS', { origin: 'http://vallum.example.org' }],
  ['another challenge', { challenge: randomBytes(54).toString('base64url') }],
  ['no challenge', { challenge: '' }],
  ['in a frame of another site', { crossOrigin: true }],
  ['another host', { host: 'evil.example' }],
  ['nobody present', { flags: 0x44 }],
  ['nobody verified', { flags: 0x41 }],
];

describe('a ceremony is refused', () => {
  const authenticator = softwareAuthenticator(party.origin);
  const { publicKey } = verifyRegistration(decoded(authenticator.register(creation).response), expected);

  it.each(lies)('at a registration: %s', (_, lie) => {
    const response = decoded(authenticator.register(creation, lie).response);
    expect(() => verifyRegistration(response, expected)).toThrow(CeremonyRefused);
  });

  it.each([...lies, ['a wrong signature', { wrongSignature: true }] as const])(
    'at a sign-in: %s',
    (_, lie) => {
      const flags = lie.flags === undefined ? {} : { flags: lie.flags & 0x3f };
      const response = decoded(authenticator.authenticate(request, { ...lie, ...flags }).response);
      expect(() => verifyAssertion(response, publicKey, expected)).toThrow(CeremonyRefused);
    },
  );

  it('when it answers the other one: what registers does not sign in, and the other way round', () => {
    const registration = authenticator.register(creation, { type: 'webauthn.get' });
    expect(() => verifyRegistration(decoded(registration.response), expected)).toThrow(CeremonyRefused);
    const assertion = authenticator.authenticate(request, { type: 'webauthn.create' });
    expect(() => verifyAssertion(decoded(assertion.response), publicKey, expected)).toThrow(CeremonyRefused);
  });

  it('when any bit of what was signed is another', () => {
    const good = decoded(authenticator.authenticate(request).response);
    for (const part of ['authenticatorData', 'clientDataJSON', 'signature'] as const)
      for (let at = 0; at < good[part].length; at += 3) {
        const other = Buffer.from(good[part]);
        other[at] = (other[at] ?? 0) ^ 0x01;
        expect(() => verifyAssertion({ ...good, [part]: other }, publicKey, expected)).toThrow(
          CeremonyRefused,
        );
      }
  });

  it('and nothing else than that comes of bytes that are none', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each));
    fc.assert(
      fc.property(bytes, bytes, bytes, (one, two, three) => {
        const register = { clientDataJSON: one, attestationObject: two };
        expect(() => verifyRegistration(register, expected)).toThrow(CeremonyRefused);
        const assertion = { clientDataJSON: one, authenticatorData: two, signature: three };
        expect(() => verifyAssertion(assertion, publicKey, expected)).toThrow(CeremonyRefused);
        for (const read of [readCbor, readAuthenticatorData, readCoseKey]) {
          try {
            read(one);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('CBOR', () => {
  it.each<[string, unknown]>([
    // RFC 8949, appendix A.
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1_000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['20', -1],
    ['3903e7', -1_000],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['4401020304', Buffer.from([1, 2, 3, 4])],
    ['6449455446', 'IETF'],
    ['62c3bc', 'ü'],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    [
      'a201020304',
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    [
      'a26161016162820203',
      new Map<string, unknown>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    ],
  ])('of %s is read', (hex, value) => {
    expect(readCbor(Buffer.from(hex, 'hex'))).toEqual({ value, length: hex.length / 2 });
  });

  it.each([
    ['an indefinite length', '5f42010243030405ff'],
    ['a float', 'f97c00'],
    ['a tag', 'c11a514b67b0'],
    ['a number that is too large', '1bffffffffffffffff'],
    ['a key twice', 'a201020103'],
    ['a key that is a list', 'a18000'],
    ['a text that is not UTF-8', '61ff'],
    ['a list of which nothing is there', '9affffffff'],
    ['lists in lists without end', '81'.repeat(40)],
    ['nothing', ''],
  ])('with %s is refused', (_, hex) => {
    expect(() => readCbor(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });
});

describe('a challenge', () => {
  const key = randomBytes(32);

  it('is known again until it ends, for what it was made for, and nothing of it can be changed', () => {
    const made = newChallenge(key, 'sign in', 1_000_000);
    expect(readChallenge(key, 'sign in', made, 999_999)).toMatchObject({ expiresAtMs: 1_000_000 });
    expect(readChallenge(key, 'sign in', made, 1_000_000)).toBeUndefined();
    expect(readChallenge(key, 'register', made, 0)).toBeUndefined();
    expect(readChallenge(randomBytes(32), 'sign in', made, 0)).toBeUndefined();
    for (let at = 0; at < made.length; at += 1) {
      const other = Buffer.from(made);
      other[at] = (other[at] ?? 0) ^ 0x80;
      expect(readChallenge(key, 'sign in', other, 0)).toBeUndefined();
    }
    expect(readChallenge(key, 'sign in', made.subarray(1), 0)).toBeUndefined();
  });

  it('is another one each time', () => {
    const nonces = Array.from({ length: 100 }, () =>
      readChallenge(key, 'x', newChallenge(key, 'x', 10), 0)?.nonce.toString('hex'),
    );
    expect(new Set(nonces).size).toBe(100);
  });
});
