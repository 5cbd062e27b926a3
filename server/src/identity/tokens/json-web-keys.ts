import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import type { Algorithm } from './issuer.ts';

/** A public key, for the one algorithm that it is fit for. */
export interface VerificationKey {
  readonly id: string | undefined;
  readonly algorithm: Algorithm;
  readonly key: CryptoKey;
}

/** More than anybody publishes; each costs an import. */
const mostKeys = 64;
/** NIST SP 800-131A from below; from above what a verification may cost. */
const modulusBytes = { least: 256, most: 1024 };

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(mostKeys) });
type Jwk = z.infer<typeof keySet>['keys'][number];

const usable = z.looseObject({
  kid: z.string().min(1).max(256).optional(),
  // RFC 7517, 4.2 and 4.3: what a key is published for it is used for, and nothing else.
  use: z.literal('sig').optional(),
  key_ops: z
    .array(z.string())
    .refine((operations) => operations.includes('verify'))
    .optional(),
  alg: z.string().optional(),
  // A published private key is everybody's.
  d: z.undefined().optional(),
});

/**
 * The keys of a JWK set (RFC 7517) that can verify what we accept. Those that cannot are left out: of another kind, another use, too small or too large, private.
 * @throws Error when the text is not a JWK set.
 */
export async function readKeySet(text: string): Promise<VerificationKey[]> {
  const { keys } = keySet.parse(JSON.parse(text));
  const read = await Promise.all(keys.map(readKey));
  return read.filter((key) => key !== undefined);
}

async function readKey(jwk: Jwk): Promise<VerificationKey | undefined> {
  const algorithm = algorithmOf(jwk);
  const parsed = usable.safeParse(jwk);
  if (!algorithm || !parsed.success) return undefined;
  const { kid, alg } = parsed.data;
  if (alg !== undefined && alg !== algorithm) return undefined;
  const { kty, n, e, crv, x, y } = jwk as Record<string, string>;
  try {
    // Only the public members, whatever else the set says of it.
    const key = await importJWK({ kty, n, e, crv, x, y } as Parameters<typeof importJWK>[0], algorithm);
    return key instanceof Uint8Array ? undefined : { id: kid, algorithm, key };
  } catch {
    return undefined;
  }
}

/** RFC 7518 and RFC 8037: a kind of key is fit for one of our algorithms, or for none. */
function algorithmOf(jwk: Jwk): Algorithm | undefined {
  if (jwk.kty === 'RSA') return isFitRsa(jwk) ? 'RS256' : undefined;
  if (jwk.kty === 'EC' && jwk.crv === 'P-256') return 'ES256';
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') return 'EdDSA';
  return undefined;
}

function isFitRsa({ n, e }: Jwk): boolean {
  if (typeof n !== 'string' || typeof e !== 'string') return false;
  const modulus = Buffer.from(n, 'base64url');
  const exponent = Buffer.from(e, 'base64url');
  // A leading zero byte, or a first byte with leading zero bits, would pass for size.
  const isLongEnough =
    modulus.length > modulusBytes.least ||
    (modulus.length === modulusBytes.least && (modulus[0] ?? 0) >= 0x80);
  if (!isLongEnough || modulus[0] === 0 || modulus.length > modulusBytes.most) return false;
  // SP 800-56B: odd and at least 65,537; from above what a verification may cost.
  return (
    exponent.length <= 4 &&
    exponent.length > 0 &&
    exponent.readUIntBE(0, exponent.length) >= 65_537 &&
    ((exponent.at(-1) ?? 0) & 1) === 1
  );
}
