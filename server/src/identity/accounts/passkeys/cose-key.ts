import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type CborMap, type CborValue, readCbor } from './cbor.ts';

/** Public keys of authenticators (COSE, RFC 9053), and their signatures. */

/** Algorithms that are accepted, the preferred first (IANA's registry of COSE algorithms). */
export const algorithms = { EdDSA: -8, ES256: -7, RS256: -257 } as const;

/** Labels of a COSE key (RFC 9052, 7.1; RFC 9053, 7.1; RFC 8230, 4). */
const label = { type: 1, algorithm: 3, curve: -1, x: -2, y: -3, modulus: -1, exponent: -2 } as const;
const keyType = { okp: 1, ec2: 2, rsa: 3 } as const;
const curve = { p256: 1, ed25519: 6 } as const;
const rsaBits = { least: 2048, most: 8192 };

interface PublicKey {
  readonly key: KeyObject;
  /** Whether this is what the key's owner signed. */
  verifies(data: Buffer, signature: Buffer): boolean;
}

/**
 * The key in its COSE form, which must be all of the bytes.
 * @throws RangeError for another form, algorithm or curve, and for points that are on no curve
 */
export function readCoseKey(bytes: Buffer): PublicKey {
  const { value, length } = readCbor(bytes);
  if (!(value instanceof Map) || length !== bytes.length) throw new RangeError('COSE: not one key');
  const map: CborMap = value;
  const [type, algorithm] = [map.get(label.type), map.get(label.algorithm)];
  if (type === keyType.ec2 && algorithm === algorithms.ES256 && map.get(label.curve) === curve.p256) {
    const key = keyOf({
      kty: 'EC',
      crv: 'P-256',
      x: base64url(map.get(label.x), 32),
      y: base64url(map.get(label.y), 32),
    });
    return { key, verifies: (data, signature) => verify('sha256', data, key, signature) };
  }
  if (type === keyType.okp && algorithm === algorithms.EdDSA && map.get(label.curve) === curve.ed25519) {
    const key = keyOf({ kty: 'OKP', crv: 'Ed25519', x: base64url(map.get(label.x), 32) });
    return { key, verifies: (data, signature) => verify(null, data, key, signature) };
  }
  if (type === keyType.rsa && algorithm === algorithms.RS256) {
    const key = keyOf({
      kty: 'RSA',
      n: base64url(map.get(label.modulus)),
      e: base64url(map.get(label.exponent)),
    });
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits < rsaBits.least || bits > rsaBits.most)
      throw new RangeError('COSE: an RSA key of this size is not accepted');
    return { key, verifies: (data, signature) => verify('sha256', data, key, signature) };
  }
  throw new RangeError('COSE: this kind of key is not accepted');
}

function keyOf(jwk: Record<string, string>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw new RangeError('COSE: this is no key', { cause });
  }
}

function base64url(value: CborValue | undefined, length?: number): string {
  if (!Buffer.isBuffer(value) || (length !== undefined && value.length !== length))
    throw new RangeError('COSE: a part of the key is missing or of another length');
  return value.toString('base64url');
}
