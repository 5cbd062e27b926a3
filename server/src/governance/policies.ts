import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Reason, TenantId } from '@vallum/contract';
import type { Caller } from '../kernel/index.ts';

// The package's ES module entry cannot be loaded by Node without a flag; its CommonJS one can.
const cedar = createRequire(import.meta.url)(
  '@cedar-policy/cedar-wasm/nodejs',
) as typeof import('@cedar-policy/cedar-wasm/nodejs');

/** The policies in force: what one caller may do to one resource. */
export interface Policies {
  /** Names these policies in the ledger: a digest of their text. */
  readonly version: string;
  /** The actions that they know. An action that is not one of them is refused. */
  readonly actions: ReadonlySet<string>;
  /** Actions that no policy tells apart, by one of them, which stands for all. */
  readonly kinds: ReadonlyMap<string, readonly string[]>;
  /** The resources that one of them names. Of all others they say the same. */
  readonly resources: readonly string[];
  /** Whether what they say may depend on this attribute of a caller or a resource. */
  reads(attribute: string): boolean;
  /** @param of whose the resource is: another tenant's of the organization, or the organization's itself; the caller's own tenant's where it is absent. */
  decide(caller: Caller, action: string, resource: string, of?: Owner): Verdict;
}

/** Whose a resource is. */
export type Owner = TenantId | 'organization';

export interface Verdict {
  readonly allowed: boolean;
  readonly reasons: readonly Reason[];
}

/** Decisions kept for one caller: resources may be named by callers, so their number must be bounded. */
const verdictsKept = 1_000;

/**
 * Cedar, parsed once. Decisions are kept by caller as long as no policy reads the context (time, address, risk), since they follow from nothing else.
 * @param text policies in Cedar's language; each has an `@id`.
 * @param groups actions by the group that policies name.
 * @throws Error for text that is not Cedar, or a policy without an id.
 */
export function createPolicies(text: string, groups: Readonly<Record<string, readonly string[]>>): Policies {
  const version = createHash('sha256').update(text).update(JSON.stringify(groups)).digest('hex').slice(0, 16);
  const policies = parse(text);
  // All of them once, so that what is wrong with one shows now.
  prepare(version, policies);
  const parents = new Map<string, string[]>();
  for (const [group, actions] of Object.entries(groups)) {
    for (const action of actions) parents.set(action, [...(parents.get(action) ?? []), group]);
  }
  const kept = new WeakMap<Caller, Map<string, Verdict>>();
  const readContext = policies.some((policy) => policy.readsContext);
  const owners = new Set(policies.flatMap(({ principal }) => principal ?? []));
  const slices = new Map<string, Slice>();

  /** The policies that can say anything about this action of this principal. */
  function sliceFor(principal: Entity, action: string): Slice {
    const owner = nameOf(principal);
    const own = owners.has(owner) ? owner : undefined;
    const name = `${version} ${action} ${own ?? ''}`;
    const prepared = slices.get(name);
    if (prepared) return prepared;
    const names = new Set([action, ...(parents.get(action) ?? [])]);
    const members = policies.filter(
      (policy) =>
        (policy.principal === undefined || policy.principal === own) &&
        (policy.actions === undefined || policy.actions.some((each) => names.has(each))),
    );
    prepare(name, members);
    const slice = { name, attributes: new Set(members.flatMap(({ attributes }) => attributes)) };
    slices.set(name, slice);
    return slice;
  }

  function evaluate(caller: Caller, action: string, resource: string, of: Owner | undefined): Verdict {
    const principal = { type: caller.principal.type, id: caller.principal.id };
    const actionUid = { type: 'Action', id: action };
    const resourceUid = { type: 'Resource', id: resource };
    const { tenant, organization, environment, scopes, roles, organizationRoles = [] } = caller;
    const slice = sliceFor(principal, action);
    const answer = cedar.statefulIsAuthorized({
      principal,
      action: actionUid,
      resource: resourceUid,
      context: {},
      preparsedPolicySetId: slice.name,
      entities: [
        {
          uid: principal,
          attrs: read(slice, {
            tenant,
            organization,
            environment,
            scopes,
            roles,
            organizationRoles,
            credential: caller.credential.kind,
          }),
          parents: [],
        },
        {
          uid: actionUid,
          attrs: {},
          parents: (parents.get(action) ?? []).map((id) => ({ type: 'Action', id })),
        },
        // Row-level security holds what a caller can reach to its own tenant, so that is whose resource it is unless the route says otherwise.
        {
          uid: resourceUid,
          attrs: read(slice, {
            tenant: of === 'organization' ? '' : (of ?? tenant),
            organization,
            environment,
          }),
          parents: [],
        },
      ],
    });
    // A policy that cannot be evaluated is skipped by Cedar, also one that forbids: so any error denies.
    if (answer.type === 'failure') return deny('policy-error');
    const { decision, diagnostics } = answer.response;
    if (diagnostics.errors.length > 0) return deny('policy-error');
    const reasons = diagnostics.reason.map((id) => ({ by: 'policy', code: id }));
    if (decision === 'allow') return { allowed: true, reasons };
    return reasons.length > 0 ? { allowed: false, reasons } : deny('no-policy-permits');
  }

  return {
    version,
    actions: new Set(parents.keys()),
    kinds: kindsOf(parents, new Set(policies.flatMap(({ named }) => named))),
    resources: [...new Set(policies.flatMap(({ resources }) => resources))],
    reads: (attribute) => policies.some(({ attributes }) => attributes.includes(attribute)),
    decide(caller, action, resource, of) {
      if (!parents.has(action)) return deny('unknown-action');
      if (readContext) return evaluate(caller, action, resource, of);
      const verdicts = kept.get(caller) ?? new Map<string, Verdict>();
      kept.set(caller, verdicts);
      // The resource last: callers may name it, with spaces too.
      const name = of === undefined ? `${action} ${resource}` : `${of} ${action} ${resource}`;
      const known = verdicts.get(name);
      if (known) return known;
      const verdict = evaluate(caller, action, resource, of);
      if (verdicts.size < verdictsKept) verdicts.set(name, verdict);
      return verdict;
    },
  };
}

/** Whatever is in the same groups and is named by no policy itself. */
function kindsOf(
  parents: ReadonlyMap<string, readonly string[]>,
  named: ReadonlySet<string>,
): Map<string, string[]> {
  const kinds = new Map<string, string[]>();
  for (const [action, groups] of parents) {
    const kind = named.has(action) ? [action] : groups;
    kinds.set(kind.join(' '), [...(kinds.get(kind.join(' ')) ?? []), action]);
  }
  return new Map([...kinds.values()].map((actions) => [actions[0] ?? '', actions]));
}

const deny = (code: string): Verdict => ({ allowed: false, reasons: [{ by: 'policy', code }] });

/** Some of the policies, as Cedar has them in memory. */
interface Slice {
  readonly name: string;
  /** What they read of principal and resource. */
  readonly attributes: ReadonlySet<string>;
}

/** Those attributes that the policies read: each one that Cedar is given costs it 5 to 10 µs. */
const read = (
  { attributes }: Slice,
  given: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string | string[]> => {
  const taken: Record<string, string | string[]> = {};
  for (const name in given) {
    const value = given[name];
    if (value !== undefined && attributes.has(name))
      taken[name] = typeof value === 'string' ? value : [...value];
  }
  return taken;
};

interface Entity {
  readonly type: string;
  readonly id: string;
}
const nameOf = ({ type, id }: Entity): string => `${type}::${JSON.stringify(id)}`;

interface Policy {
  readonly id: string;
  readonly text: string;
  /** The one principal whom its scope names with `==`. It says nothing about others. */
  readonly principal: string | undefined;
  /** The actions and groups that its scope names; absent where it speaks of all. */
  readonly actions: readonly string[] | undefined;
  /** The attributes that it reads, of whatever. */
  readonly attributes: readonly string[];
  /** The actions and groups that it names, in its scope or in its conditions. */
  readonly named: readonly string[];
  /** The resources that it names, likewise. */
  readonly resources: readonly string[];
  readonly readsContext: boolean;
}

/** @throws Error with what Cedar says, for policies that it does not take. */
function prepare(name: string, policies: readonly Policy[]): void {
  const prepared = cedar.preparsePolicySet(name, {
    staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])),
    templates: {},
    templateLinks: [],
  });
  if (prepared.type === 'failure')
    throw new Error(`policies: ${prepared.errors.map(({ message }) => message).join('; ')}`);
}

function parse(text: string): Policy[] {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure')
    throw new Error(`policies: ${parts.errors.map(({ message }) => message).join('; ')}`);
  const ids = new Set<string>();
  return parts.policies.map((policy) => {
    const parsed = cedar.policyToJson(policy);
    if (parsed.type === 'failure')
      throw new Error(`policies: ${parsed.errors.map(({ message }) => message).join('; ')}`);
    const { annotations, principal, action } = parsed.json;
    const id = annotations?.id;
    if (!id || ids.has(id))
      throw new Error(`policies: each policy has an @id of its own; look at:\n${policy}`);
    ids.add(id);
    return {
      id,
      text: policy,
      principal: principal.op === '==' && 'entity' in principal ? entityName(principal.entity) : undefined,
      actions: actionsOf(action),
      attributes: attributesIn(parsed.json),
      named: idsIn(parsed.json, 'Action'),
      resources: idsIn(parsed.json, 'Resource'),
      readsContext: JSON.stringify(parsed.json).includes('"Var":"context"'),
    };
  });
}

type Scope = Extract<ReturnType<typeof cedar.policyToJson>, { type: 'success' }>['json'];
type EntityJson = Extract<Scope['principal'], { entity: unknown }>['entity'];

const uidOf = (entity: EntityJson): Entity => ('__entity' in entity ? entity.__entity : entity);
const entityName = (entity: EntityJson): string => nameOf(uidOf(entity));

function actionsOf(action: Scope['action']): string[] | undefined {
  if ('entities' in action) return action.entities.map((entity) => uidOf(entity).id);
  if ('entity' in action) return [uidOf(action.entity).id];
  return undefined;
}

/** Cedar names the attribute wherever one is read or asked for; it cannot be computed. */
function attributesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { attr } = value as { readonly attr?: unknown };
  // A path of them for `has a.b`.
  const own = [attr].flat().filter((name) => typeof name === 'string');
  return [...own, ...Object.values(value).flatMap(attributesIn)];
}

/** The ids of a type, wherever in a policy's JSON. */
function idsIn(value: unknown, of: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { type, id } = value as Partial<Entity>;
  const own = type === of && typeof id === 'string' ? [id] : [];
  return [...own, ...Object.values(value).flatMap((each) => idsIn(each, of))];
}
