import { hash } from 'node:crypto';
import { jwtVerify } from 'jose';
import { z } from 'zod';
import { type Clock, Fault } from '../../kernel/index.ts';
import { type Claims, subject } from '../tokens/claims.ts';
import { readCompact } from '../tokens/compact.ts';
import { type Algorithm, algorithms } from '../tokens/issuer.ts';
import type { createIssuerKeys } from '../tokens/issuer-keys.ts';
import { TokenRefused } from '../tokens/refusal.ts';
import { readHeader, reasonOf } from '../tokens/verifier.ts';
import type { Provider } from './provider.ts';
import { SignInRefused } from './sign-in-refused.ts';

/** With groups in them they are longer than access tokens. */
const longest = 32_768;
const toleranceSeconds = 30;
/** Made for this sign-in, moments ago. */
const maxAgeSeconds = 300;
const types = new Set(['jwt', 'absent']);

const verified = z.looseObject({
  sub: subject,
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
  nonce: z.string(),
  at_hash: z.string().optional(),
});
export type IdTokenClaims = Claims & z.output<typeof verified>;

/** The other half of RFC 8037's Ed25519 is SHA-512, by which its hashes in tokens go too. */
const hashes: Record<Algorithm, string> = { RS256: 'sha256', ES256: 'sha256', EdDSA: 'sha512' };

interface Given {
  readonly idToken: string;
  readonly accessToken: string;
  readonly nonce: string;
}

/**
 * Verifies an ID token (OpenID Connect Core, 3.1.3.7) with its issuer's keys, whatever the channel was that it came by: signature, `iss`, `aud`, `azp`, `exp`, `iat`, `nonce`, and
 * `at_hash` where it is there.
 * @throws SignInRefused
 */
export async function verifyIdToken(
  { idToken, accessToken, nonce }: Given,
  { issuer, clientId }: Pick<Provider, 'issuer' | 'clientId'>,
  keys: ReturnType<typeof createIssuerKeys>,
  clock: Clock,
): Promise<IdTokenClaims> {
  try {
    const { algorithm, keyId } = readHeader(readCompact(idToken, longest).header, { algorithms, types });
    const { payload } = await jwtVerify(idToken, await keys.find(keyId, algorithm), {
      algorithms: [algorithm],
      issuer,
      audience: clientId,
      clockTolerance: toleranceSeconds,
      maxTokenAge: maxAgeSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp', 'iat', 'sub', 'nonce'],
    });
    const claims = verified.safeParse(payload);
    if (!claims.success) throw new TokenRefused('claims');
    const { aud, azp, nonce: ofToken, at_hash: ofAccess } = claims.data;
    if (ofToken !== nonce) throw new TokenRefused('claims');
    // For others too: then it must say that it was made for us.
    if ((Array.isArray(aud) && aud.length > 1) || azp !== undefined)
      if (azp !== clientId) throw new TokenRefused('audience');
    if (ofAccess !== undefined && ofAccess !== leftHalf(algorithm, accessToken))
      throw new TokenRefused('claims');
    return claims.data;
  } catch (error) {
    // Its keys cannot be had: the token may be good.
    if (error instanceof Fault) throw new SignInRefused('provider-unavailable', 'keys');
    throw new SignInRefused('token-refused', reasonOf(error));
  }
}

/** OpenID Connect Core, 3.1.3.6. */
function leftHalf(algorithm: Algorithm, text: string): string {
  const digest = hash(hashes[algorithm], text, 'buffer');
  return digest.subarray(0, digest.length / 2).toString('base64url');
}
