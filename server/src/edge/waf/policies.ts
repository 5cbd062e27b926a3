import type { TenantId } from '@vallum/contract';
import type { Scope, WafSettings } from './ports.ts';
import { type Mode, type Policy, stricter } from './verdict.ts';

/** What is done about findings, by whose they are. */
export interface WafPolicies {
  /** For who has not been identified: what the deployment does. */
  readonly anonymous: Policy;
  /** Rejects when it cannot be read: what is not known is not milder. */
  of(scope: Scope): Policy | Promise<Policy>;
  /** Everything is asked for again. */
  forget(): void;
}

const tenantsKept = 10_000;

/**
 * Policies of tenants, kept until something is changed anywhere (the control epoch). They are asked for only where something was found, so few are ever read.
 * @param mode the deployment's, for organizations that have set none
 */
export function createWafPolicies(settings: Pick<WafSettings, 'read'>, mode: Mode): WafPolicies {
  let known = new Map<TenantId, Policy>();

  async function ask(scope: Scope): Promise<Policy> {
    const asked = known;
    const read = await settings.read(scope);
    // A tenant that is not there has set nothing.
    const policy: Policy = {
      mode: effective(read?.modes ?? { organization: undefined, tenant: undefined }, mode).tenant,
      exceptions: read?.exceptions ?? [],
    };
    // What was asked before everything was forgotten is not kept.
    if (asked === known) {
      if (known.size >= tenantsKept) known.clear();
      known.set(scope.tenant, policy);
    }
    return policy;
  }

  return {
    anonymous: { mode, exceptions: [] },
    of: (scope) => known.get(scope.tenant) ?? ask(scope),
    forget() {
      known = new Map();
    },
  };
}

/** What comes of what was set: an organization's overrides the deployment's, and a tenant's is never weaker than its organization's. */
export function effective(
  set: { readonly organization: Mode | undefined; readonly tenant: Mode | undefined },
  deployment: Mode,
): { readonly organization: Mode; readonly tenant: Mode } {
  const organization = set.organization ?? deployment;
  return { organization, tenant: set.tenant ? stricter(organization, set.tenant) : organization };
}
