import { createSign, generateKeyPairSync, hash, type KeyObject, randomBytes, sign } from 'node:crypto';

/**
 * An authenticator and the browser before it, in software: it makes discoverable credentials and signs with them, as WebAuthn Level 3 says they do, and lies where a test tells it to.
 * Its counterpart for whole browsers is their virtual authenticator.
 */

type Algorithm = 'ES256' | 'EdDSA' | 'RS256';

/** How it differs from one that does what it should. */
export interface Lies {
  readonly type?: string;
  readonly origin?: string;
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  readonly host?: string;
  /** Flags instead of "present and verified". */
  readonly flags?: number;
  readonly signCount?: number;
  /** Whose credential it says it is. */
  readonly userHandle?: string;
  /** Signs something else. */
  readonly wrongSignature?: boolean;
}

interface CreationOptions {
  readonly rp: { readonly id: string };
  readonly user: { readonly id: string };
  readonly challenge: string;
}
interface RequestOptions {
  readonly rpId: string;
  readonly challenge: string;
}

export interface SoftwareAuthenticator {
  readonly credentialId: string;
  /** As a browser's `toJSON` gives it. */
  register(options: CreationOptions, lies?: Lies): RegistrationJson;
  authenticate(options: RequestOptions, lies?: Lies): AssertionJson;
}

interface RegistrationJson {
  readonly id: string;
  readonly type: 'public-key';
  readonly response: { readonly clientDataJSON: string; readonly attestationObject: string };
}
interface AssertionJson {
  readonly id: string;
  readonly type: 'public-key';
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle: string;
  };
}

const present = 0x01;
const verified = 0x04;
const withCredential = 0x40;

export function softwareAuthenticator(
  origin: string,
  algorithm: Algorithm = 'ES256',
  { counts = true }: { readonly counts?: boolean } = {},
): SoftwareAuthenticator {
  const { privateKey, publicKey } = newPair(algorithm);
  const id = randomBytes(32);
  const credentialId = id.toString('base64url');
  let count = 0;
  let owner = '';

  const clientJson = (type: string, challenge: string, lies: Lies): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: lies.type ?? type,
        challenge: lies.challenge ?? challenge,
        origin: lies.origin ?? origin,
        crossOrigin: lies.crossOrigin ?? false,
      }),
    );

  function dataOf(host: string, flags: number, lies: Lies, more = Buffer.alloc(0)): Buffer {
    if (counts) count += 1;
    const head = Buffer.alloc(5);
    head.writeUInt8(lies.flags ?? flags);
    head.writeUInt32BE(lies.signCount ?? count, 1);
    return Buffer.concat([hash('sha256', lies.host ?? host, 'buffer'), head, more]);
  }

  return {
    credentialId,
    register({ rp, user, challenge }, lies = {}) {
      owner = user.id;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const credential = Buffer.concat([Buffer.alloc(16), length, id, coseOf(algorithm, publicKey)]);
      const data = dataOf(rp.id, present | verified | withCredential, lies, credential);
      const attestation = cborMap([
        [cborText('fmt'), cborText('none')],
        [cborText('attStmt'), cborMap([])],
        [cborText('authData'), cborBytes(data)],
      ]);
      return {
        id: credentialId,
        type: 'public-key',
        response: {
          clientDataJSON: clientJson('webauthn.create', challenge, lies).toString('base64url'),
          attestationObject: attestation.toString('base64url'),
        },
      };
    },
    authenticate({ rpId, challenge }, lies = {}) {
      const client = clientJson('webauthn.get', challenge, lies);
      const data = dataOf(rpId, present | verified, lies);
      const signed = Buffer.concat([
        data,
        hash('sha256', lies.wrongSignature ? 'another' : client, 'buffer'),
      ]);
      const signature =
        algorithm === 'EdDSA'
          ? sign(null, signed, privateKey)
          : createSign('sha256').update(signed).sign(privateKey);
      return {
        id: credentialId,
        type: 'public-key',
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: signature.toString('base64url'),
          userHandle: lies.userHandle ?? owner,
        },
      };
    },
  };
}

function newPair(algorithm: Algorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function coseOf(algorithm: Algorithm, key: KeyObject): Buffer {
  const jwk = key.export({ format: 'jwk' });
  const part = (text: string | undefined): Buffer => cborBytes(Buffer.from(text ?? '', 'base64url'));
  if (algorithm === 'ES256')
    return cborMap([
      [cborInt(1), cborInt(2)],
      [cborInt(3), cborInt(-7)],
      [cborInt(-1), cborInt(1)],
      [cborInt(-2), part(jwk.x)],
      [cborInt(-3), part(jwk.y)],
    ]);
  if (algorithm === 'EdDSA')
    return cborMap([
      [cborInt(1), cborInt(1)],
      [cborInt(3), cborInt(-8)],
      [cborInt(-1), cborInt(6)],
      [cborInt(-2), part(jwk.x)],
    ]);
  return cborMap([
    [cborInt(1), cborInt(3)],
    [cborInt(3), cborInt(-257)],
    [cborInt(-1), part(jwk.n)],
    [cborInt(-2), part(jwk.e)],
  ]);
}

function cborHead(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 0xff]);
}
const cborInt = (value: number): Buffer => (value < 0 ? cborHead(1, -1 - value) : cborHead(0, value));
const cborBytes = (bytes: Buffer): Buffer => Buffer.concat([cborHead(2, bytes.length), bytes]);
const cborText = (text: string): Buffer =>
  Buffer.concat([cborHead(3, Buffer.byteLength(text)), Buffer.from(text)]);
const cborMap = (members: readonly (readonly [Buffer, Buffer])[]): Buffer =>
  Buffer.concat([cborHead(5, members.length), ...members.flat()]);
