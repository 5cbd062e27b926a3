import { z } from 'zod';
import { id } from './id.ts';
import { pageQuery } from './request-record.ts';

/** Whom a setting of the WAF is for: a tenant, or all of the organization's. */
const wafScope = z.enum(['tenant', 'organization']);

/** The caller's own tenant where nothing is said. */
const target = { scope: wafScope.default('tenant'), tenant: id('tenant').optional() };
const oneTarget = ({ scope, tenant }: { scope: string; tenant?: unknown }): boolean =>
  scope === 'tenant' || tenant === undefined;
const bothTargets = { path: ['tenant'], message: 'goes with scope tenant only' };

export const wafTarget = z.strictObject(target).refine(oneTarget, bothTargets);

/** `inherit`: a tenant's is the organization's, and an organization's is that of the deployment. */
const wafMode = z.enum(['block', 'detect', 'inherit']);

export const newWafPolicy = z.strictObject({ mode: wafMode });

export const wafPolicy = z.strictObject({
  scope: wafScope,
  tenant: id('tenant').nullable(),
  mode: wafMode,
  /** What comes of it together with what is above: a tenant's is never weaker than the organization's. */
  effective: z.enum(['block', 'detect']),
});

const ruleName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,59}$/, 'lower-case letters, digits and hyphens, 2 to 60 of them');
const routePattern = z
  .string()
  .max(200)
  .regex(/^\/[\w/:.*-]*$/, "a route's path as the API lists it, such as /v1/keys/:id");

/** Lets a rule or a family of rules pass, for a while. */
export const newWafException = z
  .strictObject({
    ...target,
    rule: ruleName.optional(),
    family: ruleName.optional(),
    /** On this route alone; on every one where it is absent. */
    route: routePattern.optional(),
    expires_at: z.iso.datetime({ offset: true }),
    /** Why, for who reads the ledger. */
    reason: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .regex(/^[^\p{Cc}]*$/u, 'must not have control characters'),
  })
  .refine(oneTarget, bothTargets)
  .refine(({ rule, family }) => rule !== undefined || family !== undefined, {
    path: ['rule'],
    message: 'name a rule, a family, or both',
  });

export const wafException = z.strictObject({
  id: id('exception'),
  scope: wafScope,
  tenant: id('tenant').nullable(),
  rule: z.string().nullable(),
  family: z.string().nullable(),
  route: z.string().nullable(),
  reason: z.string(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
});

export const wafExceptionsQuery = pageQuery
  .extend({ cursor: id('exception').optional(), ...target })
  .refine(oneTarget, bothTargets);

/** The files of an OWASP CRS directory. */
export const newCrsImport = z.strictObject({
  files: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[\w.@-]{1,120}\.(?:conf|data)$/, 'the name of a .conf or .data file, without a folder'),
        text: z.string().max(4 * 1024 * 1024),
      }),
    )
    .min(1)
    .max(200),
  paranoia: z.int().min(1).max(4).default(1),
  dry_run: z.boolean().default(false),
});

/** What became of each rule. */
export const crsImport = z.strictObject({
  applied: z.boolean(),
  taken: z.array(z.string()),
  covered: z.array(z.strictObject({ id: z.string(), by: z.string() })),
  not_taken: z.array(z.strictObject({ id: z.string(), reason: z.string() })),
});

/** Imported rules that were taken out of use. */
export const crsRemoval = z.strictObject({ removed: z.int() });
