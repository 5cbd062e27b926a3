import { id, type Role, type TenantId } from '@vallum/contract';
import { z } from 'zod';
import type { Principal } from '../../kernel/index.ts';
import type { Grant } from '../grant.ts';
import type { ClaimPath, Issuer } from './issuer.ts';
import { TokenRefused } from './refusal.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** Of what people are called nothing but length is assumed; control characters are in no name. */
export const subject = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^\p{Cc}]*$/u);
const registered = z.looseObject({
  sub: subject,
  exp: z.number(),
  iat: z.number(),
});
const principalType = z.enum(['user', 'service', 'agent']);
const words = z.union([z.string().transform((text) => text.split(' ').filter(Boolean)), z.array(z.string())]);

/**
 * What the verified claims of a token are worth, by its issuer's settings.
 * @returns the grant, and until when it may be believed without verifying again, in Unix milliseconds.
 * @throws TokenRefused for claims of a wrong kind, and for a tenant that the issuer does not speak for.
 */
export function readClaims(claims: Claims, issuer: Issuer): { grant: Grant; untilMs: number } {
  // RFC 7800: it is for who holds another key, and we cannot see whether this is who sent it.
  if (Object.hasOwn(claims, 'cnf')) throw new TokenRefused('bound-to-key');
  const { sub, exp, iat } = parsed(registered, claims);
  const grant: Grant = {
    type: principalOf(claims, issuer),
    issuer: issuer.issuer,
    name: sub,
    organization: issuer.organization,
    tenant: tenantOf(claims, issuer),
    scopes: scopesOf(claims, issuer),
    roles: rolesOf(claims, issuer),
    ratePerMinute: issuer.ratePerMinute,
  };
  return { grant, untilMs: Math.min(exp, iat + issuer.maxAgeSeconds) * 1000 };
}

const principalOf = (claims: Claims, { principal }: Issuer): Principal['type'] =>
  typeof principal === 'string' ? principal : parsed(principalType, claimAt(claims, principal.claim));

const tenantId = id('tenant');

function tenantOf(claims: Claims, { tenant }: Issuer): TenantId {
  if (typeof tenant === 'string') return tenant;
  const named = claimAt(claims, tenant.claim);
  const found = tenant.values ? tenant.values.get(String(named)) : named;
  const { success, data } = tenantId.safeParse(typeof named === 'string' ? found : undefined);
  if (!success) throw new TokenRefused('tenant');
  return data;
}

/** What the token has, by scope and by role, as far as its issuer may give it. */
function scopesOf(claims: Claims, { scopeClaims, rolesClaim, roles, scopes }: Issuer): string[] {
  const claim = scopeClaims.map((path) => claimAt(claims, path)).find((value) => value !== undefined);
  const has = new Set(wordsOf(claim));
  for (const role of wordsOf(rolesClaim && claimAt(claims, rolesClaim)))
    for (const given of roles.get(role) ?? []) has.add(given);
  return scopes.filter((each) => has.has(each));
}

/** What the token's roles are here; those that the settings do not name are nothing. */
const rolesOf = (claims: Claims, { rolesClaim, roleMap }: Issuer): Role[] => [
  ...new Set(wordsOf(rolesClaim && claimAt(claims, rolesClaim)).flatMap((each) => roleMap.get(each) ?? [])),
];

const wordsOf = (value: unknown): string[] => (value === undefined ? [] : parsed(words, value));

/** The member at a path. Own members only: a token has no `constructor` unless it says so. */
export function claimAt(claims: Claims, path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Claims)[name];
  }
  return value;
}

function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const { success, data } = schema.safeParse(value);
  if (!success) throw new TokenRefused('claims');
  return data;
}
