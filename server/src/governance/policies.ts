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
  const prepared = cedar.preparsePolicySet(version, {
    staticPolicies: policies.byId,
    templates: {},
    templateLinks: [],
  });
  if (prepared.type === 'failure')
    throw new Error(`policies: ${prepared.errors.map(({ message }) => message).join('; ')}`);

  const parents = new Map<string, string[]>();
  for (const [group, actions] of Object.entries(groups)) {
    for (const action of actions) parents.set(action, [...(parents.get(action) ?? []), group]);
  }
  const kept = new WeakMap<Caller, Map<string, Verdict>>();

  function evaluate(caller: Caller, action: string, resource: string): Verdict {
    const principal = { type: caller.principal.type, id: caller.principal.id };
    const actionUid = { type: 'Action', id: action };
    const resourceUid = { type: 'Resource', id: resource };
    const { tenant, organization, environment, scopes } = caller;
    const answer = cedar.statefulIsAuthorized({
      principal,
      action: actionUid,
      resource: resourceUid,
      context: {},
      preparsedPolicySetId: version,
      entities: [
        { uid: principal, attrs: { tenant, organization, environment, scopes: [...scopes] }, parents: [] },
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
      if (policies.readContext) return evaluate(caller, action, resource);
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

function parse(text: string): { byId: Record<string, string>; readContext: boolean } {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure')
    throw new Error(`policies: ${parts.errors.map(({ message }) => message).join('; ')}`);
  const byId: Record<string, string> = {};
  let readContext = false;
  for (const policy of parts.policies) {
    const json = cedar.policyToJson(policy);
    if (json.type === 'failure')
      throw new Error(`policies: ${json.errors.map(({ message }) => message).join('; ')}`);
    const id = json.json.annotations?.id;
    if (!id || byId[id]) throw new Error(`policies: each policy has an @id of its own; look at:\n${policy}`);
    byId[id] = policy;
    readContext ||= JSON.stringify(json.json).includes('"Var":"context"');
  }
  return { byId, readContext };
}
