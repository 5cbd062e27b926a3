import { id, role, scope } from '@vallum/contract';
import { z } from 'zod';
import type { CertificateRule } from './certificate-grant.ts';

/** One of `identity.certificates` in the settings. */
export const certificateSettings = z
  .strictObject({
    ca_fingerprint: z
      .string()
      .regex(
        /^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i,
        'must be the SHA-256 of a CA certificate, in hexadecimal',
      ),
    trust_domain: z
      .string()
      .regex(/^[a-z0-9._-]{1,255}$/, 'must be a SPIFFE trust domain such as prod.example.org')
      .optional(),
    principal: z.enum(['user', 'service', 'agent']).default('service'),
    organization: id('organization').optional(),
    tenant: id('tenant'),
    scopes: z.array(scope).default([]),
    roles: z.array(role).default([]),
    rate_per_minute: z.int().min(1).max(1_000_000).default(100),
    /** Both are needed for this tenant: a certificate by this rule, and a key, a token or a session. */
    with_key: z.boolean().default(false),
  })
  .refine(({ scopes, roles }) => scopes.length + roles.length > 0, {
    path: ['scopes'],
    message: 'a rule gives scopes, roles, or both',
  });
export type CertificateSettings = z.output<typeof certificateSettings>;

/** The settings of one rule as the verifier reads them. */
export const certificateRuleOf = (settings: CertificateSettings): CertificateRule => ({
  caFingerprint: settings.ca_fingerprint,
  ...(settings.trust_domain !== undefined && { trustDomain: settings.trust_domain }),
  principal: settings.principal,
  organization: settings.organization,
  tenant: settings.tenant,
  scopes: settings.scopes,
  roles: settings.roles,
  ratePerMinute: settings.rate_per_minute,
});
