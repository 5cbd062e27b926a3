import { id, type OrganizationId, type Role, role, type TenantId } from '@vallum/contract';
import { z } from 'zod';
import { type ClaimPath, claim, pathOf, secureUrl } from '../tokens/issuer.ts';

/** What people can be: agents do not sign in. */
const personRole = role.exclude(['agent']);

/** Somebody who says who people are, and how far that is believed. */
export interface Provider {
  /** In our paths. */
  readonly name: string;
  /** On the button. */
  readonly title: string;
  /** The `iss` of its ID tokens, character by character. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** How the secret goes to the token endpoint. */
  readonly clientAuth: 'basic' | 'post';
  readonly scopes: readonly string[];
  /** Whose users these are; the first organization's where it is absent. */
  readonly organization: OrganizationId | undefined;
  /** Where the roles hold; in every tenant of the organization where it is absent. */
  readonly tenants: readonly TenantId[] | undefined;
  readonly emailClaim: ClaimPath;
  readonly allowUnverifiedEmail: boolean;
  readonly rolesClaim: ClaimPath | undefined;
  readonly roles: ReadonlyMap<string, readonly Role[]>;
  /** What everybody is whom it vouches for. */
  readonly defaultRoles: readonly Role[];
  /** Whether who comes for the first time becomes a user. */
  readonly jit: boolean;
  /** Whether who signs out is offered to sign out there too. */
  readonly rpLogout: boolean;
}

const scopeToken = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'is not a scope (RFC 6749, 3.3)');

/** One of `identity.providers` in the settings. */
export const providerSettings = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/, 'lower-case letters, digits and -')
      // A path of ours.
      .refine((name) => name !== 'providers', 'may not be "providers"'),
    title: z.string().trim().min(1).max(60),
    issuer: secureUrl,
    client_id: z.string().min(1).max(500),
    client_secret: z.string().min(1).max(2_000).optional(),
    client_auth: z.enum(['basic', 'post']).default('basic'),
    scopes: z
      .array(scopeToken)
      .refine((scopes) => scopes.includes('openid'), 'must have "openid"')
      .default(['openid', 'profile', 'email']),
    organization: id('organization').optional(),
    tenants: z.array(id('tenant')).min(1).max(100).optional(),
    email_claim: claim.default('email'),
    allow_unverified_email: z.boolean().default(false),
    roles_claim: claim.optional(),
    roles: z.record(z.string().min(1).max(200), z.array(personRole).min(1)).optional(),
    default_roles: z.array(personRole).default([]),
    jit: z.boolean().default(true),
    rp_logout: z.boolean().default(false),
  })
  .check(({ value, issues }) => {
    if ((value.roles === undefined) !== (value.roles_claim === undefined)) {
      const message = 'roles and roles_claim need each other';
      issues.push({ code: 'custom', path: ['roles'], input: value, message });
    }
  });
export type ProviderSettings = z.output<typeof providerSettings>;

/** `identity.providers`: each by a name and an issuer of its own, since a user is found by the issuer. */
export const providersSettings = z
  .array(providerSettings)
  .max(16)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'each name is there once')
  .refine((all) => new Set(all.map(({ issuer }) => issuer)).size === all.length, 'each issuer is there once')
  .default([]);

/** The settings of one provider as sign-in reads them. */
export const providerOf = (settings: ProviderSettings): Provider => ({
  name: settings.name,
  title: settings.title,
  issuer: settings.issuer,
  clientId: settings.client_id,
  clientSecret: settings.client_secret,
  clientAuth: settings.client_auth,
  scopes: settings.scopes,
  organization: settings.organization,
  tenants: settings.tenants,
  emailClaim: pathOf(settings.email_claim),
  allowUnverifiedEmail: settings.allow_unverified_email,
  rolesClaim: settings.roles_claim === undefined ? undefined : pathOf(settings.roles_claim),
  roles: new Map(Object.entries(settings.roles ?? {})),
  defaultRoles: settings.default_roles,
  jit: settings.jit,
  rpLogout: settings.rp_logout,
});
