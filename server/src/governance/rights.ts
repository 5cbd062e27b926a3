import type { Caller, Given, HeldRole, Principal, Rights } from '../kernel/index.ts';
import { newId } from '../kernel/index.ts';
import type { Owner, Policies } from './policies.ts';

/** Stands for every resource that no policy names. */
const anything = 'anything';
/** Whoever may do this somewhere has their scopes there too. */
const appoint = 'role:assign';
const everyEnvironment = ['production', 'staging', 'development'] as const;
const anyEnvironment = ['production'] as const;
const receiversKept = 1_000;

interface Receiver {
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly organizationRoles: readonly string[];
  readonly scopes: readonly string[];
}

/**
 * Rights by trying: for every action that the policies know, what who gets something could do then is asked of the policies, and must be something that the giver
 * may do. So it also holds for roles, groups and policies that do not exist yet.
 */
export function createRights(policies: Policies): Rights {
  const resources = [anything, ...policies.resources];
  const owners: readonly (Owner | undefined)[] = [undefined, 'organization'];
  const environments = policies.reads('environment') ? everyEnvironment : anyEnvironment;
  // Decisions are kept by caller, so who is asked about again must be the same one.
  const receivers = new Map<string, Caller>();
  const somebody = newId('service', 0);

  function receiverAs(like: Caller, { principal, roles, organizationRoles, scopes }: Receiver): Caller {
    const made: Caller = {
      principal,
      organization: like.organization,
      tenant: like.tenant,
      environment: like.environment,
      scopes: [...scopes].sort(),
      roles: [...roles].sort(),
      organizationRoles: [...organizationRoles].sort(),
      // What only a session may do is everybody's own: it is not given.
      credential: { kind: like.credential.kind, id: principal.id },
      ratePerMinute: 1,
    };
    const name = JSON.stringify(made);
    const kept = receivers.get(name);
    if (kept) return kept;
    if (receivers.size >= receiversKept) receivers.clear();
    receivers.set(name, made);
    return made;
  }

  /** A policy that cannot be evaluated today may permit tomorrow. */
  function could(receiver: Caller, action: string, resource: string, of: Owner | undefined): boolean {
    const { allowed, reasons } = policies.decide(receiver, action, resource, of);
    return allowed || reasons.some(({ code }) => code === 'policy-error');
  }

  function excess(giver: Caller, receiver: Receiver): string | undefined {
    const made = receiverAs(giver, receiver);
    for (const action of policies.kinds.keys())
      for (const resource of resources)
        for (const of of owners)
          if (could(made, action, resource, of) && !policies.decide(giver, action, resource, of).allowed)
            return action;
    return undefined;
  }

  /** The giver as they are in a tenant: once in their own; in others in each environment that matters, since nobody says which one that is. */
  function standing(giver: Caller, tenant: Given['tenant']): Caller[] {
    if (tenant === undefined || tenant === giver.tenant) return [giver];
    const { organizationRoles = [] } = giver;
    const appoints = policies.decide(giver, appoint, anything, tenant ?? 'organization').allowed;
    const scopes = appoints ? giver.scopes : [];
    return environments.map((environment) => ({
      ...giver,
      tenant: tenant ?? giver.tenant,
      environment,
      roles: organizationRoles,
      scopes,
    }));
  }

  const firstExcess = (giver: Caller, tenant: Given['tenant'], receiver: Receiver): string | undefined => {
    for (const there of standing(giver, tenant)) {
      const found = excess(there, receiver);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  return {
    mayGrant(giver, { roles = [], scopes = [], tenant, type = 'service', ...given }) {
      const { principal = { type, id: somebody }, organizationRoles = tenant === null ? roles : [] } = given;
      return firstExcess(giver, tenant, { principal, roles, organizationRoles, scopes });
    },
    mayAdminister(caller, other, held) {
      for (const tenant of new Set<HeldRole['tenant']>([null, ...held.map((each) => each.tenant)])) {
        const organizationRoles = held.filter((each) => each.tenant === null).map(({ role }) => role);
        const there = held.filter((each) => each.tenant !== null && each.tenant === tenant);
        const roles = [...new Set([...organizationRoles, ...there.map(({ role }) => role)])];
        const found = firstExcess(caller, tenant, { principal: other, roles, organizationRoles, scopes: [] });
        if (found !== undefined) return found;
      }
      return undefined;
    },
    actionsOf(role, { organization, tenant, environment }) {
      const like: Caller = {
        principal: { type: 'user', id: somebody },
        organization,
        tenant,
        environment,
        scopes: [],
        roles: [],
        credential: { kind: 'session', id: somebody },
        ratePerMinute: 1,
      };
      const nobody = receiverAs(like, { ...like, organizationRoles: [] });
      const allowed = (organizationRoles: string[], of?: Owner): string[] => {
        const who = receiverAs(like, { ...like, roles: [role], organizationRoles });
        return [...policies.kinds].flatMap(([action, kind]) =>
          policies.decide(who, action, anything, of).allowed &&
          !policies.decide(nobody, action, anything, of).allowed
            ? kind
            : [],
        );
      };
      return { tenant: allowed([]), organization: allowed([role], 'organization') };
    },
  };
}
