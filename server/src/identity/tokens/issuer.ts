import { id, type OrganizationId, type Role, role, scope, type TenantId } from '@vallum/contract';
import { z } from 'zod';
import type { Principal } from '../../kernel/index.ts';

/** What tokens may be signed with: asymmetric only, so that who can verify one cannot make one. */
export const algorithms = ['RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof algorithms)[number];

/** Where an issuer's public keys are. */
export type KeySource = { readonly url: string } | { readonly file: string };

/** Somebody whose tokens are believed, and for how much. */
export interface Issuer {
  /** The `iss` of its tokens, character by character. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: KeySource;
  readonly algorithms: readonly Algorithm[];
  /** Accepted `typ`, lower case; `absent` for none. */
  readonly types: ReadonlySet<string>;
  /** Whose tenants it may speak for; the first organization where it is absent. */
  readonly organization: OrganizationId | undefined;
  readonly tenant:
    | TenantId
    | { readonly claim: ClaimPath; readonly values: ReadonlyMap<string, TenantId> | undefined };
  readonly principal: Principal['type'] | { readonly claim: ClaimPath };
  readonly scopeClaims: readonly ClaimPath[];
  readonly rolesClaim: ClaimPath | undefined;
  /** Scopes by the values of that claim. */
  readonly roles: ReadonlyMap<string, readonly string[]>;
  /** Vallum's roles by the values of that claim: no token gets another. */
  readonly roleMap: ReadonlyMap<string, readonly Role[]>;
  /** The most scopes that a token of it can get. */
  readonly scopes: readonly string[];
  readonly clockToleranceSeconds: number;
  /** Since `iat`. */
  readonly maxAgeSeconds: number;
  readonly ratePerMinute: number;
}

/** Names of members, outermost first. */
export type ClaimPath = readonly string[];

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether what is sent there stays between both: keys that arrive in the clear are whoever's is on the way. */
export function isSecureUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.username || url.password || url.hash) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback.test(url.hostname));
}

export const secureUrl = z
  .string()
  .refine(
    isSecureUrl,
    'must be a URL with https:// (http:// for this machine alone), without a credential or a fragment',
  );

const name = z.string().min(1).max(200);
/** A member's name, or names where it lies in another: `[realm_access, roles]`. Dots are part of a name. */
export const claim = z.union([name, z.array(name).min(1).max(8)]);
const scopes = z.array(scope).min(1);

/** One of `identity.issuers` in the settings. */
export const issuerSettings = z
  .strictObject({
    issuer: secureUrl,
    audience: z.union([name, z.array(name).min(1)]),
    jwks_uri: secureUrl.optional(),
    jwks_file: z.string().min(1).optional(),
    algorithms: z
      .array(z.enum(algorithms))
      .min(1)
      .default([...algorithms]),
    types: z.array(name).min(1).default(['JWT', 'at+jwt']),
    organization: id('organization').optional(),
    tenant: id('tenant').optional(),
    tenant_claim: claim.optional(),
    tenants: z.record(name, id('tenant')).optional(),
    principal: z.enum(['user', 'service', 'agent']).optional(),
    principal_claim: claim.optional(),
    scope_claim: claim.optional(),
    roles_claim: claim.optional(),
    roles: z.record(name, scopes).optional(),
    role_map: z.record(name, z.array(role).min(1)).optional(),
    scopes: z.array(scope),
    clock_tolerance_s: z.int().min(0).max(60).default(30),
    max_age_s: z
      .int()
      .min(1)
      .max(7 * 86_400)
      .default(86_400),
    rate_per_minute: z.int().min(1).max(1_000_000).default(100),
  })
  .check(({ value, issues }) => {
    const wrong = (member: string, message: string): void =>
      void issues.push({ code: 'custom', path: [member], input: value, message });
    if ((value.jwks_uri === undefined) === (value.jwks_file === undefined))
      wrong('jwks_uri', 'either jwks_uri or jwks_file says where the keys are');
    if ((value.tenant === undefined) === (value.tenant_claim === undefined))
      wrong('tenant', 'either tenant or tenant_claim says whose tokens these are');
    if (value.tenants && !value.tenant_claim) wrong('tenants', 'needs tenant_claim, whose values it maps');
    if (value.principal && value.principal_claim) wrong('principal', 'either principal or principal_claim');
    if ((value.roles === undefined && value.role_map === undefined) !== (value.roles_claim === undefined))
      wrong('roles', 'roles_claim, and roles or role_map, need each other');
    if (value.scopes.length === 0 && !value.role_map)
      wrong('scopes', 'empty only where role_map gives roles');
  });
export type IssuerSettings = z.output<typeof issuerSettings>;

/** A claim's place, as the settings give it. */
export const pathOf = (given: string | readonly string[]): ClaimPath =>
  typeof given === 'string' ? [given] : given;

/** The settings of one issuer as the verifier reads them. */
export function issuerOf(settings: IssuerSettings): Issuer {
  const { tenant, tenant_claim: tenantClaim, principal_claim: principalClaim } = settings;
  const {
    audience,
    jwks_uri: url,
    jwks_file: file = '',
    roles_claim: rolesClaim,
    scope_claim: scopeClaim,
  } = settings;
  return {
    issuer: settings.issuer,
    audiences: typeof audience === 'string' ? [audience] : audience,
    keys: url === undefined ? { file } : { url },
    algorithms: settings.algorithms,
    types: new Set(settings.types.map((type) => type.toLowerCase())),
    organization: settings.organization,
    tenant: tenant ?? {
      claim: pathOf(tenantClaim ?? []),
      values: settings.tenants && new Map(Object.entries(settings.tenants)),
    },
    principal:
      principalClaim === undefined ? (settings.principal ?? 'user') : { claim: pathOf(principalClaim) },
    // RFC 8693 and what Microsoft's issuers write.
    scopeClaims: scopeClaim === undefined ? [['scope'], ['scp']] : [pathOf(scopeClaim)],
    rolesClaim: rolesClaim === undefined ? undefined : pathOf(rolesClaim),
    roles: new Map(Object.entries(settings.roles ?? {})),
    roleMap: new Map(Object.entries(settings.role_map ?? {})),
    scopes: settings.scopes,
    clockToleranceSeconds: settings.clock_tolerance_s,
    maxAgeSeconds: settings.max_age_s,
    ratePerMinute: settings.rate_per_minute,
  };
}
