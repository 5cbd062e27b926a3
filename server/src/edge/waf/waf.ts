import type { Clock } from '../../kernel/index.ts';
import { type CleanHeads, createCleanHeads } from './clean-heads.ts';
import { gather } from './gather.ts';
import type { HeadInput, WafInput } from './input.ts';
import { createEngine, type Engine } from './libddwaf.ts';
import { protocolFamily, protocolFindings, protocolRules } from './protocol.ts';
import { type Place, type Rule, type RuleFile, ruleFile } from './rule.ts';
import { decide, type Finding, type Inspection, type Policy, strictest, type Verdict } from './verdict.ts';

interface WafParts {
  /** Rule files that stand beside each other; ids are unique over all of them. */
  readonly rules: readonly RuleFile[];
  readonly clock: Clock;
  /** How long the rules may run on one request, in ms, before it is refused unjudged. */
  readonly budgetMs: number;
  /** How many clean heads are remembered, by half of them; 0 for none. */
  readonly cleanHeads?: number;
}

/** Judges requests, synchronously. */
export interface Waf {
  /** What is in a request, before it is known whose it is; `decide` takes a tenant's policy to it. */
  inspect(input: WafInput): Inspection;
  /** The same of a head alone; one like it in which nothing was found is not judged again. */
  inspectHead(head: HeadInput): Inspection;
  /** Both at once. Without a policy, the strictest. `route` is the route's pattern, for exceptions. */
  judge(input: WafInput, policy?: Policy, route?: string): Verdict;
  /**
   * Puts other rules in place of all there are, at once and for every later request. On the event loop: 40 ms for our own rules, 65 ms with those of a CRS release.
   * @throws Error that says what was wrong with them; then nothing has changed
   */
  replaceRules(files: readonly unknown[]): void;
  /** @throws Error as `replaceRules` would, and changes nothing */
  tryRules(files: readonly unknown[]): void;
  /** Whether there is such a rule, and such a family: a rule's, or that of what is checked in plain code. */
  knows(name: { readonly rule?: string | undefined; readonly family?: string | undefined }): boolean;
  /** Frees the native memory. Later calls refuse. */
  dispose(): void;
}

/** @throws Error where libddwaf cannot be loaded, or does not take a rule: there is no WAF with less than was asked for. */
export function createWaf({ rules, clock, budgetMs, cleanHeads }: WafParts): Waf {
  let loaded = loadRules(rules, cleanHeads);

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
    inspectHead(head) {
      const { clean } = loaded;
      const key = clean.keyOf(head);
      if (clean.has(key)) return nothingFound;
      const inspection = inspect({ head });
      if (inspection.findings.length === 0 && !inspection.incomplete) clean.keep(key);
      return inspection;
    },
    judge: (input, policy = strictest, route = '') =>
      decide(inspect(input), policy, { route, nowMs: clock.now() }),
    replaceRules(files) {
      const next = loadRules(files, cleanHeads);
      loaded.engine.dispose();
      loaded = next;
    },
    tryRules: (files) => loadRules(files, 0).engine.dispose(),
    knows: ({ rule, family }) =>
      (rule === undefined || loaded.byId.has(rule) || protocolRules.has(rule)) &&
      (family === undefined || family === protocolFamily || loaded.families.has(family)),
    dispose: () => loaded.engine.dispose(),
  };
}

interface Loaded {
  readonly engine: Engine;
  readonly byId: ReadonlyMap<string, Rule>;
  /** The places that some rule looks at; nothing else is given to the engine. */
  readonly wanted: ReadonlySet<Place>;
  readonly families: ReadonlySet<string>;
  /** By these rules. */
  readonly clean: CleanHeads;
}

const nothingFound: Inspection = { findings: [], incomplete: false, micros: 0 };

function loadRules(files: readonly unknown[], cleanHeads: number | undefined): Loaded {
  const rules = files.flatMap((file) => readFile(file).rules);
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  if (rules.length === 0) throw new Error('WAF rules: there is no rule in them.');
  if (byId.size !== rules.length) throw new Error('WAF rules: an id is in two rule files.');
  const wanted = new Set(rules.flatMap(({ all }) => all.flatMap(({ on }) => on)));
  const families = new Set(rules.map(({ family }) => family));
  return { engine: createEngine(rules), byId, wanted, families, clean: createCleanHeads(wanted, cleanHeads) };
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
  if (gathered === undefined) return undefined;
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
