import { z } from 'zod';
import { displayName, scope } from './admin.ts';
import { id } from './id.ts';

/** An address, or a network in CIDR notation. */
const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'expected an address or a network such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
});
const networks = z.array(network).max(64);
const ratePerMinute = z.int().min(1).max(1_000_000);

export const newKey = z
  .strictObject({
    /** The tenant that the key is for; the caller's own where it is absent. */
    tenant: id('tenant').optional(),
    /** The service account whose key it is. Calls are the account's then, with its roles; a key without one stands for itself. */
    service: id('service').optional(),
    name: displayName,
    scopes: z.array(scope).max(16).default([]),
    rate_per_minute: ratePerMinute.default(100),
    /** From where it may be used; from anywhere where there are none. */
    allowed_addresses: networks.default([]),
    expires_at: z.iso.datetime({ offset: true }).optional(),
  })
  .refine(({ scopes, service }) => scopes.length > 0 || service !== undefined, {
    path: ['scopes'],
    error: 'a key without a service account needs a scope',
  });

/** What may be changed of a key; what is absent stays. */
export const keyChange = z
  .strictObject({
    name: displayName.optional(),
    rate_per_minute: ratePerMinute.optional(),
    allowed_addresses: networks.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'nothing to change');

export const keyRotation = z.strictObject({
  /** How long the key that is replaced goes on. */
  overlap_hours: z.int().min(0).max(168).default(24),
});

export const apiKey = z.strictObject({
  id: id('key'),
  tenant: id('tenant'),
  service: id('service').nullable(),
  name: z.string(),
  /** Its first characters. */
  hint: z.string(),
  scopes: z.array(z.string()),
  rate_per_minute: z.int(),
  allowed_addresses: z.array(z.string()),
  created_at: z.iso.datetime(),
  /** To the minute. */
  last_used_at: z.iso.datetime().nullable(),
  /** The key that it replaces. */
  rotated_from: id('key').nullable(),
  /** When it is old enough to be replaced; null for one that ends before. */
  rotation_due_at: z.iso.datetime().nullable(),
  expires_at: z.iso.datetime().nullable(),
  revoked_at: z.iso.datetime().nullable(),
});

/** A key that has just been made: the only time that it is shown. */
export const mintedKey = apiKey.extend({ key: z.string() });

/** A credential for some minutes, with fewer rights, made from the one that is shown. */
export const newToken = z.strictObject({
  scopes: z.array(scope).min(1).max(16),
  ttl_seconds: z.int().min(1).max(900).default(900),
  /** The run that it is for: requests that name another one in `x-vallum-run` are refused. */
  run: z
    .string()
    .regex(/^[A-Za-z0-9][\w.:-]{0,127}$/, 'up to 128 letters, digits and . : _ -')
    .optional(),
  /** Insists that it ends with a session: refused where it is not made from one. */
  session: z.literal(true).optional(),
});

const token = z.strictObject({
  id: id('token'),
  scopes: z.array(z.string()),
  run: z.string().nullable(),
  expires_at: z.iso.datetime(),
});

/** The only time that its text is shown. */
export const mintedToken = token.extend({ token: z.string() });

export const revokedToken = token.extend({ revoked_at: z.iso.datetime() });
