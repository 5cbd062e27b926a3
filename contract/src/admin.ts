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
