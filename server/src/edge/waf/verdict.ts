/** One rule that matched, or one check that failed. Never what was sent. */
export interface Finding {
  readonly rule: string;
  readonly family: string;
  /** The place in the request, for people: `query q`, `body /name`, `header referer`. */
  readonly where: string;
  readonly score: number;
}

/** What a look at a request found, before it is known whose it is. */
export interface Inspection {
  readonly findings: readonly Finding[];
  /** True when not everything could be judged: then nothing lets the request pass. */
  readonly incomplete: boolean;
  readonly micros: number;
}

export interface Verdict extends Inspection {
  readonly decision: 'allow' | 'block';
  /** The findings that no exception covers. */
  readonly counting: readonly Finding[];
  /** Over those. */
  readonly score: number;
}

export type Mode = 'block' | 'detect';

/**
 * Lets a rule or a family pass, until it ends. Not at one place of a request alone: a rule tells the first place where it matched, so that
 * an attack could hide behind another one in the place that is excepted.
 */
export interface Exception {
  readonly rule?: string;
  readonly family?: string;
  /** The route's pattern, such as `/v1/agents/:id`; everywhere where it is absent. */
  readonly route?: string;
  /** Unix milliseconds; there are no exceptions for ever. */
  readonly untilMs: number;
}

/** How findings are taken for one request. */
export interface Policy {
  readonly mode: Mode;
  readonly exceptions: readonly Exception[];
}

/** For who has not been identified yet, and where nothing else is set. */
export const strictest: Policy = { mode: 'block', exceptions: [] };

/** The sum of scores from which a request is refused. */
export const threshold = 5;

/** What a tenant gets: never weaker than what its organization has. */
export const stricter = (organization: Mode, tenant: Mode): Mode =>
  organization === 'block' || tenant === 'block' ? 'block' : 'detect';

/**
 * Takes a policy to what was found.
 * @param at the route's pattern and the time, in Unix milliseconds, for the exceptions
 */
export function decide(
  inspection: Inspection,
  { mode, exceptions }: Policy,
  at: { readonly route: string; readonly nowMs: number },
): Verdict {
  const counting = inspection.findings.filter(
    (finding) => !exceptions.some((exception) => covers(exception, finding, at)),
  );
  const score = counting.reduce((sum, finding) => sum + finding.score, 0);
  const refused = inspection.incomplete || (score >= threshold && mode === 'block');
  return { ...inspection, counting, score, decision: refused ? 'block' : 'allow' };
}

function covers(
  { rule, family, route, untilMs }: Exception,
  finding: Finding,
  at: { readonly route: string; readonly nowMs: number },
): boolean {
  if (rule === undefined && family === undefined) return false;
  return (
    at.nowMs < untilMs &&
    (rule === undefined || rule === finding.rule) &&
    (family === undefined || family === finding.family) &&
    (route === undefined || route === at.route)
  );
}
