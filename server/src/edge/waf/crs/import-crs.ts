import type { Rule, RuleFile } from '../rule.ts';
import { conditionOf, type DataFiles, NotTaken } from './condition.ts';
import { ownChecks } from './own-checks.ts';
import { actionOf, readSecRules, type SecRule } from './seclang.ts';

/** A file of a CRS directory: `*.conf` and `*.data`. */
export interface CrsFile {
  readonly name: string;
  readonly text: string;
}

export interface CrsImport {
  /** Undefined when none could be taken. */
  readonly file: RuleFile | undefined;
  readonly taken: readonly string[];
  /** Rules on the frame of a request that our own checks stand for, and which. */
  readonly covered: readonly { readonly id: string; readonly by: string }[];
  readonly notTaken: readonly { readonly id: string; readonly reason: string }[];
}

interface ImportParts {
  readonly files: readonly CrsFile[];
  /** Rules up to this paranoia level of CRS, 1 to 4. */
  readonly paranoia: number;
  /** Whether the engine takes a rule. @throws Error that says why it does not */
  readonly tryRule: (rule: Rule) => void;
}

/**
 * Translates the request rules of an OWASP CRS directory, each by itself. A rule whose meaning would change is not taken, and named with its reason; rules that only steer CRS
 * itself, and those on replies, are not counted.
 */
export function importCrs({ files, paranoia, tryRule }: ImportParts): CrsImport {
  const data: DataFiles = new Map(
    files.filter(({ name }) => name.endsWith('.data')).map(({ name, text }) => [name, text]),
  );
  const rules: Rule[] = [];
  const covered: { id: string; by: string }[] = [];
  const notTaken: { id: string; reason: string }[] = [];
  for (const { name, text } of files) {
    if (!name.endsWith('.conf')) continue;
    for (const secRule of readSecRules(text)) {
      const id = actionOf(secRule, 'id') ?? '';
      if (!detects(secRule, paranoia) || rules.some((rule) => rule.id === `crs-${id}`)) continue;
      try {
        const rule = ruleOf(id, secRule, data);
        attempt(rule, tryRule);
        rules.push(rule);
      } catch (error) {
        if (!(error instanceof NotTaken)) throw error;
        const by = ownChecks[id];
        if (by) covered.push({ id, by });
        else notTaken.push({ id, reason: error.message });
      }
    }
  }
  const file: RuleFile | undefined =
    rules.length > 0 ? { version: 1, source: 'OWASP CRS', rules } : undefined;
  return { file, taken: rules.map(({ id }) => id), covered, notTaken };
}

function attempt(rule: Rule, tryRule: (rule: Rule) => void): void {
  try {
    tryRule(rule);
  } catch (error) {
    const said = error instanceof Error ? error.message : 'not valid';
    throw new NotTaken(`its expression is not RE2 (${said.replace(/^.*?: /, '').slice(0, 120)})`);
  }
}

/** Whether a rule finds attacks in requests: it scores or refuses, before the reply. */
function detects(rule: SecRule, paranoia: number): boolean {
  const all = [rule, ...rule.chained];
  const phase = actionOf(rule, 'phase') ?? '2';
  const level = Number(
    tagsOf(rule)
      .find((tag) => tag.startsWith('paranoia-level/'))
      ?.slice('paranoia-level/'.length) ?? 1,
  );
  const scores = all.some(({ actions }) =>
    actions.some(
      ({ name, value }) =>
        name === 'deny' || name === 'block' || (name === 'setvar' && /anomaly_score[^,]*=\+/i.test(value)),
    ),
  );
  // What adds scores up, or looks an address up, asks for what CRS keeps between its rules.
  const steers = rule.variables.every((variable) => /^(?:TX|IP|GEO):/i.test(variable));
  return scores && !steers && /^(?:1|2|request)$/.test(phase) && level <= paranoia;
}

function ruleOf(id: string, rule: SecRule, data: DataFiles): Rule {
  const all = [rule, ...rule.chained].map((part) => conditionOf(part, data));
  return { id: `crs-${id}`, family: familyOf(tagsOf(rule)), score: scoreOf(rule), all };
}

const tagsOf = ({ actions }: SecRule): string[] =>
  actions.filter(({ name }) => name === 'tag').map(({ value }) => value);

const families: readonly (readonly [string, string])[] = [
  ['attack-sqli', 'sql'],
  ['attack-xss', 'xss'],
  ['attack-rce', 'shell'],
  ['attack-lfi', 'traversal'],
  ['attack-rfi', 'remote'],
  ['attack-ssrf', 'remote'],
  ['attack-ssti', 'template'],
  ['attack-ldap', 'ldap'],
  ['attack-injection-php', 'php'],
  ['attack-injection-java', 'java'],
  ['attack-injection-generic', 'javascript'],
  ['attack-nodejs', 'javascript'],
  ['attack-fixation', 'session'],
  ['attack-reputation-scanner', 'scanner'],
];
const familyOf = (tags: readonly string[]): string =>
  families.find(([tag]) => tags.includes(tag))?.[1] ?? 'crs';

/** What CRS adds to its own score for each severity. */
const scores: Readonly<Record<string, number>> = { CRITICAL: 5, ERROR: 4, WARNING: 3, NOTICE: 2 };
const scoreOf = (rule: SecRule): number =>
  scores[(actionOf(rule, 'severity') ?? 'CRITICAL').toUpperCase()] ?? 5;
