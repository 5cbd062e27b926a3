import { errors, jwtVerify } from 'jose';
import { type Clock, Fault } from '../../kernel/index.ts';
import { callerOf } from '../grant.ts';
import type { Places } from '../places.ts';
import type { Verifier } from '../verifier.ts';
import { readClaims } from './claims.ts';
import { readCompact, type Unverified } from './compact.ts';
import type { Algorithm, Issuer } from './issuer.ts';
import { createIssuerKeys, type FetchKeys } from './issuer-keys.ts';
import { type TokenRefusal, TokenRefused } from './refusal.ts';

interface TokenVerifierParts {
  readonly issuers: readonly Issuer[];
  readonly clock: Clock;
  readonly fetchKeys: FetchKeys;
  readonly places: Places;
  /** Under which names of others become ids of ours. */
  readonly subjectKey: Buffer;
  /** Told why a token was refused; the issuer only where it is one of ours. */
  readonly onRefused: (reason: TokenRefusal, issuer: string | undefined) => void;
  /** Told when an issuer's keys could not be had. */
  readonly onTrouble: (issuer: string, error: unknown) => void;
}

/** Their revocation is their issuer's; so long one is believed at most without verifying it again. */
const believedMs = 60_000;

/** Header members that change what is signed or who can read it. `crit` names what must be understood, and we understand nothing beyond the RFC. */
const refusedHeaders = ['crit', 'b64', 'zip', 'enc', 'cty'];

/** JWTs (RFC 7519, by the advice of RFC 8725). */
export function createTokenVerifier(parts: TokenVerifierParts): Verifier {
  const { clock, fetchKeys, places, subjectKey, onRefused, onTrouble } = parts;
  const issuers = new Map(
    parts.issuers.map((issuer) => {
      const trouble = (error: unknown): void => onTrouble(issuer.issuer, error);
      const keys = createIssuerKeys({ issuer, fetchKeys, clock, onTrouble: trouble });
      return [issuer.issuer, { issuer, keys }];
    }),
  );

  function trusted({ claims: { iss } }: Unverified) {
    const known = typeof iss === 'string' ? issuers.get(iss) : undefined;
    if (!known) throw new TokenRefused('issuer-unknown');
    return known;
  }

  async function check(token: string, unverified: Unverified, { issuer, keys }: ReturnType<typeof trusted>) {
    const { algorithm, keyId } = readHeader(unverified.header, issuer);
    const key = await keys.find(keyId, algorithm);
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer: issuer.issuer,
      audience: [...issuer.audiences],
      clockTolerance: issuer.clockToleranceSeconds,
      maxTokenAge: issuer.maxAgeSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp', 'iat', 'sub'],
    });
    const { grant, untilMs } = readClaims(payload, issuer);
    const place = await places.find(grant);
    if (!place) throw new TokenRefused('tenant');
    return {
      caller: callerOf('token', grant, place, subjectKey),
      untilMs: Math.min(untilMs, clock.now() + believedMs),
      endsMs: untilMs,
    };
  }

  return {
    kind: 'token',
    // No credential of ours has a dot in it, and every JWT has two.
    reads: (text) => text.includes('.'),
    refused: refusedToken,
    async find(token) {
      let known: ReturnType<typeof trusted> | undefined;
      try {
        const unverified = readCompact(token);
        known = trusted(unverified);
        return await check(token, unverified, known);
      } catch (error) {
        // A fault is ours, not the token's: keys or database that cannot be reached.
        if (error instanceof Fault) {
          onRefused('issuer-unreachable', known?.issuer.issuer);
          throw error;
        }
        onRefused(reasonOf(error), known?.issuer.issuer);
        throw refusedToken();
      }
    },
  };
}

/** Without what caused it: that holds the claims. */
const refusedToken = (): Fault =>
  new Fault('not-authenticated', {
    detail: 'This is not a valid token.',
    because: 'a token was refused',
    challenge: 'invalid_token',
  });

/** What the header says that matters: how it is signed, and with which key. Where keys might be (`jku`, `x5u`, `jwk`, `x5c`) is not read. */
export function readHeader(
  header: Unverified['header'],
  issuer: Pick<Issuer, 'algorithms' | 'types'>,
): { algorithm: Algorithm; keyId: string | undefined } {
  if (refusedHeaders.some((name) => Object.hasOwn(header, name))) throw new TokenRefused('header');
  const { alg, typ, kid } = header;
  const algorithm = issuer.algorithms.find((each) => each === alg);
  if (!algorithm) throw new TokenRefused('algorithm');
  if (!issuer.types.has(typeOf(typ))) throw new TokenRefused('type');
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) throw new TokenRefused('header');
  return { algorithm, keyId: kid };
}

/** RFC 7515, 4.1.9: a media type, whose `application/` may be left out. */
const typeOf = (typ: unknown): string =>
  typ === undefined
    ? 'absent'
    : typeof typ === 'string' && typ !== 'absent'
      ? typ.toLowerCase().replace(/^application\//, '')
      : '';

const claimReasons: Readonly<Record<string, TokenRefusal>> = {
  aud: 'audience',
  nbf: 'not-yet-valid',
  iat: 'not-yet-valid',
};

/** By codes and members of ours and jose's; never by a message. */
export function reasonOf(error: unknown): TokenRefusal {
  if (error instanceof TokenRefused) return error.reason;
  if (error instanceof errors.JWTExpired) return error.claim === 'iat' ? 'too-old' : 'expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.reason === 'check_failed' ? (claimReasons[error.claim] ?? 'claims') : 'claims';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  return 'malformed';
}
