import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Clock, newId } from '../../kernel/index.ts';
import type { Place, Places } from '../places.ts';
import { type Algorithm, type IssuerSettings, issuerOf, issuerSettings } from '../tokens/issuer.ts';
import type { FetchKeys } from '../tokens/issuer-keys.ts';
import { createTokenVerifier } from '../tokens/verifier.ts';

/** A key pair with its id, as an issuer has it. */
export interface SigningKey {
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

const pairs: Record<Algorithm, () => { privateKey: KeyObject; publicKey: KeyObject }> = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

export function signingKey(id: string, algorithm: Algorithm = 'ES256'): SigningKey {
  const { privateKey, publicKey } = pairs[algorithm]();
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: id, use: 'sig', alg: algorithm };
  return { id, algorithm, privateKey, publicKey, jwk };
}

export const keySetOf = (...keys: readonly SigningKey[]): string =>
  JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });

const encode = (value: string | object): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Signs whatever it is given, also what no library would: objects, or texts as they are. */
export function signToken(
  { algorithm, privateKey }: Pick<SigningKey, 'algorithm' | 'privateKey'>,
  header: string | object,
  claims: string | object,
): string {
  const input = `${encode(header)}.${encode(claims)}`;
  const hash = algorithm === 'EdDSA' ? null : 'sha256';
  const signature = sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

export const tenant = newId('tenant', 1);
export const otherTenant = newId('tenant', 2);
export const organization = newId('organization', 1);
export const issuerUrl = 'https://login.example.org/realms/acme';
export const audience = 'https://vallum.example.org';
export const nowMs = Date.parse('2026-03-01T12:00:00Z');
export const nowSeconds = nowMs / 1000;

/** A clock that stands until it is moved. */
export function handClock(): Clock & { pass(ms: number): void } {
  let passed = 0;
  return {
    now: () => nowMs + passed,
    micros: () => passed * 1000,
    pass(ms) {
      passed += ms;
    },
  };
}

/** Places of the tenants of one organization. */
export const testPlaces: Places = {
  async find({ organization: of = organization, tenant: named }): Promise<Place | undefined> {
    if (of !== organization || (named !== tenant && named !== otherTenant)) return undefined;
    return { organization, environment: 'production' };
  },
};

export const settingsOf = (more: Partial<Record<keyof IssuerSettings, unknown>> = {}): IssuerSettings =>
  issuerSettings.parse({
    issuer: issuerUrl,
    audience,
    jwks_uri: `${issuerUrl}/keys`,
    tenant,
    scopes: ['vallum:read', 'models:invoke'],
    ...more,
  });

/** What an issuer of ours says of a user. */
export const claimsOf = (more: object = {}): object => ({
  iss: issuerUrl,
  sub: 'jane@example.org',
  aud: audience,
  iat: nowSeconds,
  exp: nowSeconds + 300,
  scope: 'models:invoke',
  ...more,
});

export const headerOf = ({ id, algorithm }: SigningKey, more: object = {}): object => ({
  alg: algorithm,
  typ: 'JWT',
  kid: id,
  ...more,
});

export const tokenOf = (key: SigningKey, claims: object = {}, header: object = {}): string =>
  signToken(key, headerOf(key, header), claimsOf(claims));

interface SetUp {
  readonly settings?: Partial<Record<keyof IssuerSettings, unknown>>;
  readonly more?: readonly IssuerSettings[];
  readonly fetchKeys: FetchKeys;
}

/** A verifier that remembers what it was told of. */
export function setUpVerifier({ settings, more = [], fetchKeys }: SetUp) {
  const clock = handClock();
  const refusals: { reason: string; issuer: string | undefined }[] = [];
  const troubles: unknown[] = [];
  const verifier = createTokenVerifier({
    issuers: [settingsOf(settings), ...more].map(issuerOf),
    clock,
    fetchKeys,
    places: testPlaces,
    subjectKey: Buffer.alloc(32, 7),
    onRefused: (reason, issuer) => void refusals.push({ reason, issuer }),
    onTrouble: (_, error) => void troubles.push(error),
  });
  return { ...verifier, clock, refusals, troubles };
}
