import { type Decision, type Reason, worse } from '@vallum/contract';
import type { Finding, FindingAction } from './guard.ts';

/** What all guards together say of a request's or a reply's texts. */
export interface Verdict {
  readonly decision: Decision;
  readonly reasons: readonly Reason[];
  /** At most `findingsKept`, in the order of the texts; what is left out has been acted on all the same. */
  readonly findings: readonly Finding[];
  /** The texts that change, each with all of its redactions. */
  readonly replacements: readonly Replacement[];
}

/** A segment's text as it may go on. */
export interface Replacement {
  readonly pointer: string;
  readonly text: string;
}

/** Reasons end up in headers, error bodies and the ledger, so a text full of findings must not fill those. */
const reasonsKept = 16;

/** The explorer shows findings; nobody reads more than this of one exchange. */
export const findingsKept = 1000;

const decisionOf: Record<FindingAction, Decision> = {
  note: 'allow',
  redact: 'restrict',
  hold: 'hold',
  block: 'block',
};
const gravest: readonly FindingAction[] = ['block', 'hold', 'redact', 'note'];

/** The decision that findings amount to: what the worst of them asks for. */
export const decisionFor = (findings: readonly Finding[]): Decision =>
  findings.reduce<Decision>((decision, { action }) => worse(decision, decisionOf[action]), 'allow');

/** Why, gravest first, each guard and kind once. */
export function reasonsFor(findings: readonly Finding[]): Reason[] {
  if (findings.length === 0) return [];
  const seen = new Map<string, Reason>();
  for (const action of gravest) {
    for (const finding of findings) {
      if (finding.action !== action) continue;
      if (seen.size === reasonsKept) return [...seen.values()];
      const { guard, kind, text } = finding;
      const key = `${guard}/${kind}`;
      if (!seen.has(key)) seen.set(key, { by: `guard:${guard}`, code: kind, ...(text && { text }) });
    }
  }
  return [...seen.values()];
}
