import type { Clock } from '../../kernel/index.ts';
import { gather } from './gather.ts';
import type { WafInput } from './input.ts';
import { createEngine, type Engine } from './libddwaf.ts';
import { protocolFindings } from './protocol.ts';
import { type Place, type Rule, type RuleFile, ruleFile } from './rule.ts';
import { decide, type Finding, type Inspection, type Policy, strictest, type Verdict } from './verdict.ts';

interface WafParts {
  /** Rule files that stand beside each other; ids are unique over all of them. */
  readonly rules: readonly RuleFile[];
  readonly clock: Clock;
  /** How long the rules may run on one request, in ms, before it is refused unjudged. */
  readonly budgetMs: number;
}

/** Judges requests, synchronously. */
export interface Waf {
  /** What is in a request, before it is known whose it is; `decide` takes a tenant's policy to it. */
  inspect(input: WafInput): Inspection;
  /** Both at once. Without a policy, the strictest. `route` is the route's pattern, for exceptions. */
  judge(input: WafInput, policy?: Policy, route?: string): Verdict;
  /**
   * Puts other rules in place of all there are, at once and for every later request. On the event loop: 40 ms for our own rules, 65 ms with those of a CRS release.
   * @throws Error that says what was wrong with them; then nothing has changed
   */
  replaceRules(files: readonly unknown[]): void;
  /** Frees the native memory. Later calls refuse. */
  dispose(): void;
}

/** @throws Error where libddwaf cannot be loaded, or does not take a rule: there is no WAF with less than was asked for. */
export function createWaf({ rules, clock, budgetMs }: WafParts): Waf {
  let loaded = loadRules(rules);

  function inspect(input: WafInput): Inspection {
    const began = clock.micros();
    const findings: Finding[] = input.head ? protocolFindings(input.head) : [];
    const incomplete = matchRules(loaded, input, budgetMs * 1000, findings);
    if (incomplete)
      findings.push({ rule: `limit-${incomplete}`, family: 'limits', where: 'request', score: 5 });
    return { findings, incomplete: incomplete !== undefined, micros: Math.round(clock.micros() - began) };
  }

  return {
    inspect,
    judge: (input, policy = strictest, route = '') =>
      decide(inspect(input), policy, { route, nowMs: clock.now() }),
    replaceRules(files) {
      const next = loadRules(files);
      loaded.engine.dispose();
      loaded = next;
    },
    dispose: () => loaded.engine.dispose(),
  };
}

interface Loaded {
  readonly engine: Engine;
  readonly byId: ReadonlyMap<string, Rule>;
  /** The places that some rule looks at; nothing else is given to the engine. */
  readonly wanted: ReadonlySet<Place>;
}

function loadRules(files: readonly unknown[]): Loaded {
  const rules = files.flatMap((file) => readFile(file).rules);
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  if (rules.length === 0) throw new Error('WAF rules: there is no rule in them.');
  if (byId.size !== rules.length) throw new Error('WAF rules: an id is in two rule files.');
  const wanted = new Set(rules.flatMap(({ all }) => all.flatMap(({ on }) => on)));
  return { engine: createEngine(rules), byId, wanted };
}

function readFile(file: unknown): RuleFile {
  const result = ruleFile.safeParse(file);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`WAF rule file: ${issue?.path.join('.') || 'file'}: ${issue?.message ?? 'not valid'}.`);
}

/** Adds what matched. @returns why not everything was judged, where that is so */
function matchRules(
  { engine, byId, wanted }: Loaded,
  input: WafInput,
  budgetMicros: number,
  findings: Finding[],
): string | undefined {
  const gathered = gather(input, wanted);
  if ('tooMuch' in gathered) return gathered.tooMuch;
  const run = engine.run(gathered.lists, budgetMicros);
  if ('incomplete' in run) return run.incomplete;
  for (const { rule: id, place, list, index } of run.matches) {
    const rule = byId.get(id);
    findings.push({
      rule: id,
      family: rule?.family ?? 'unknown',
      where: gathered.where(place, list, index),
      score: rule?.score ?? 5,
    });
  }
  return undefined;
}
