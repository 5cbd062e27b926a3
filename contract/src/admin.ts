import { z } from 'zod';
import { id } from './id.ts';

export const environment = z.enum(['production', 'staging', 'development']);

/** What a credential may be used for. Policies in `server/policies` say what each means. */
export const scope = z.enum(['vallum:read', 'vallum:write', 'vallum:admin', 'models:invoke']);

/** What people call something of theirs. */
export const displayName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not have control characters');

export const newTenant = z.strictObject({ name: displayName, environment });

export const tenant = z.strictObject({
  id: id('tenant'),
  name: z.string(),
  environment,
  created_at: z.iso.datetime(),
});

export const newKey = z.strictObject({
  /** The tenant that the key is for; the caller's own where it is absent. */
  tenant: id('tenant').optional(),
  name: displayName,
  scopes: z.array(scope).min(1).max(16),
  rate_per_minute: z.int().min(1).max(1_000_000).default(100),
  expires_at: z.iso.datetime({ offset: true }).optional(),
});

export const apiKey = z.strictObject({
  id: id('key'),
  tenant: id('tenant'),
  name: z.string(),
  /** Its first characters. */
  hint: z.string(),
  scopes: z.array(z.string()),
  rate_per_minute: z.int(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  revoked_at: z.iso.datetime().nullable(),
});

/** A key that has just been made: the only time that it is shown. */
export const mintedKey = apiKey.extend({ key: z.string() });
