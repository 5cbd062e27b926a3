import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Reason } from '@vallum/contract';
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
  decide(caller: Caller, action: string, resource: string): Verdict;
}

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
  const slices = new Set<string>();

  /** The policies that can say anything about this action of this principal. @returns their name in Cedar's memory. */
  function sliceFor(principal: Entity, action: string): string {
    const owner = nameOf(principal);
    const own = owners.has(owner) ? owner : undefined;
    const slice = `${version} ${action} ${own ?? ''}`;
    if (slices.has(slice)) return slice;
    const names = new Set([action, ...(parents.get(action) ?? [])]);
    prepare(
      slice,
      policies.filter(
        (policy) =>
          (policy.principal === undefined || policy.principal === own) &&
          (policy.actions === undefined || policy.actions.some((name) => names.has(name))),
      ),
    );
    slices.add(slice);
    return slice;
  }

  function evaluate(caller: Caller, action: string, resource: string): Verdict {
    const principal = { type: caller.principal.type, id: caller.principal.id };
    const actionUid = { type: 'Action', id: action };
    const resourceUid = { type: 'Resource', id: resource };
    const { tenant, organization, environment, scopes, roles } = caller;
    const answer = cedar.statefulIsAuthorized({
      principal,
      action: actionUid,
      resource: resourceUid,
      context: {},
      preparsedPolicySetId: sliceFor(principal, action),
      entities: [
        {
          uid: principal,
          attrs: { tenant, organization, environment, scopes: [...scopes], roles: [...roles] },
          parents: [],
        },
        {
          uid: actionUid,
          attrs: {},
          parents: (parents.get(action) ?? []).map((id) => ({ type: 'Action', id })),
        },
        // Row-level security holds what a caller can reach to its own tenant, so that is whose resource it is.
        { uid: resourceUid, attrs: { tenant, organization, environment }, parents: [] },
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
    decide(caller, action, resource) {
      if (!parents.has(action)) return deny('unknown-action');
      if (readContext) return evaluate(caller, action, resource);
      const verdicts = kept.get(caller) ?? new Map<string, Verdict>();
      kept.set(caller, verdicts);
      const name = `${action} ${resource}`;
      const known = verdicts.get(name);
      if (known) return known;
      const verdict = evaluate(caller, action, resource);
      if (verdicts.size < verdictsKept) verdicts.set(name, verdict);
      return verdict;
    },
  };
}

const deny = (code: string): Verdict => ({ allowed: false, reasons: [{ by: 'policy', code }] });

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
