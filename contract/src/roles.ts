import { z } from 'zod';
import { displayName } from './admin.ts';
import { id } from './id.ts';

/** What somebody can be in a tenant, or in all of an organization's. `server/policies/roles.cedar` says what each may do. */
export const role = z.enum([
  'owner',
  'platform-engineer',
  'security-analyst',
  'compliance-officer',
  'auditor',
  'developer',
  'agent',
]);
export type Role = z.infer<typeof role>;

/** A role, by what it allows. */
export const roleDescription = z.strictObject({
  role,
  /** Actions in the tenant where somebody has it. */
  tenant: z.array(z.string()),
  /** Actions in other tenants too and for the organization itself, for who has it in every tenant. */
  organization: z.array(z.string()),
});

export const newAssignment = z.strictObject({
  role,
  /** Where; null for every tenant. The caller's own where it is absent, or the service account's. */
  tenant: id('tenant').nullable().optional(),
});

/** A role that somebody has. */
export const assignment = z.strictObject({
  id: id('assignment'),
  principal: z.strictObject({ type: z.enum(['user', 'service']), id: z.union([id('user'), id('service')]) }),
  role,
  /** Null: in every tenant. */
  tenant: id('tenant').nullable(),
  /** `claims` for one that an identity provider says at each sign-in. */
  origin: z.enum(['assigned', 'claims']),
  created_at: z.iso.datetime(),
});

export const newService = z.strictObject({
  /** The tenant that it acts in; the caller's own where it is absent. */
  tenant: id('tenant').optional(),
  name: displayName,
});

export const serviceChange = z
  .strictObject({ name: displayName, disabled: z.boolean() })
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'name or disabled');

/** A program that has keys and roles. */
export const serviceAccount = z.strictObject({
  id: id('service'),
  tenant: id('tenant'),
  name: z.string(),
  created_at: z.iso.datetime(),
  /** Since when its keys are refused. */
  disabled_at: z.iso.datetime().nullable(),
});
