import { createRequire } from 'node:module';
import type { DDWAF } from '@datadog/native-appsec';
import type { Condition, Place, Rule } from './rule.ts';

/** Strings by place, in lists of at most `listLength`. */
export type Lists = Partial<Record<Place, readonly (readonly string[])[]>>;

/** What one run found: for each rule that matched, the place and the list and index of the string that did. */
export interface Match {
  readonly rule: string;
  readonly place: Place;
  readonly list: number;
  readonly index: number;
}

/** A run that did not see everything is `incomplete`, and has no matches to rely on. */
export type Run = { readonly matches: readonly Match[] } | { readonly incomplete: string };

/** One set of rules, loaded. */
export interface Engine {
  run(lists: Lists, budgetMicros: number): Run;
  dispose(): void;
}

/** libddwaf cuts a container after 256 entries and a string after 4,096 bytes. */
export const listLength = 256;
export const stringBytes = 4_096;

/** @throws Error that names the platform where there is no binary for it. */
function load(): typeof DDWAF {
  try {
    const native = createRequire(import.meta.url)('@datadog/native-appsec') as { DDWAF: typeof DDWAF };
    return native.DDWAF;
  } catch (cause) {
    throw new Error(
      `the WAF cannot be loaded on ${process.platform}-${process.arch}: @datadog/native-appsec has no binary that works here. ` +
        'Run on Linux (glibc or musl, x64 or arm64), macOS or Windows x64: there is no Vallum without a WAF.',
      { cause },
    );
  }
}

/** @throws Error that names the rules that libddwaf did not take, and why; an engine without some of its rules is none. */
export function createEngine(rules: readonly Rule[]): Engine {
  const Native = load();
  const waf = new Native(
    { version: '2.2', metadata: { rules_version: '1' }, rules: rules.map(compiled) },
    'rules',
  );
  const report = waf.diagnostics.rules;
  const refused = report && 'loaded' in report ? Object.entries(report.errors) : [];
  const loaded = report && 'loaded' in report ? report.loaded.length : 0;
  if (refused.length > 0 || loaded !== rules.length) {
    waf.dispose();
    const why = refused.map(([error, ids]) => `${ids.join(', ')}: ${error}`).join('; ');
    throw new Error(
      `libddwaf took ${loaded} of ${rules.length} WAF rules${why && ` (${why.slice(0, 1_000)})`}.`,
    );
  }
  return {
    run(lists, budgetMicros) {
      // About 50 KB of native memory each, so it must not wait for the garbage collector.
      const context = waf.createContext();
      try {
        return read(context.run({ persistent: lists }, budgetMicros));
      } finally {
        context.dispose();
      }
    },
    dispose: () => waf.dispose(),
  };
}

interface NativeEvent {
  readonly rule: { readonly id: string };
  readonly rule_matches: readonly {
    readonly parameters: readonly { readonly address: Place; readonly key_path: readonly string[] }[];
  }[];
}

function read(answer: ReturnType<ReturnType<DDWAF['createContext']>['run']>): Run {
  if (answer.timeout) return { incomplete: 'time' };
  if (answer.errorCode !== undefined) return { incomplete: 'error' };
  if (Object.keys(answer.metrics ?? {}).length > 0) return { incomplete: 'cut' };
  // The package's types say `object`; the shape is libddwaf's published schema of events.
  const events = (answer.events ?? []) as NativeEvent[];
  return {
    matches: events.map(({ rule, rule_matches }) => {
      const parameter = rule_matches[0]?.parameters[0];
      return {
        rule: rule.id,
        place: parameter?.address ?? 'line',
        list: Number(parameter?.key_path[0] ?? 0),
        index: Number(parameter?.key_path[1] ?? 0),
      };
    }),
  };
}

/** A rule in libddwaf's words. Of rules with one `type` only the first match is told, so each has a type of its own. */
const compiled = ({ id, family, all }: Rule) => ({
  id,
  name: id,
  tags: { type: id, category: family },
  conditions: all.map(compiledCondition),
  transformers: [],
});

function compiledCondition({ on, test, transformers = [] }: Condition): object {
  const phrases = 'phrases' in test;
  // Phrases are compared as they are written.
  const all = phrases ? [...transformers, 'lowercase'] : transformers;
  const inputs = on.map((address) => ({ address, ...(all.length > 0 && { transformers: all }) }));
  if ('libinjection' in test)
    return { operator: test.libinjection === 'sqli' ? 'is_sqli' : 'is_xss', parameters: { inputs } };
  if (phrases) {
    const list = test.phrases.map((phrase) => phrase.toLowerCase());
    return { operator: 'phrase_match', parameters: { inputs, list } };
  }
  const { regex, caseSensitive = false } = test;
  return {
    operator: 'match_regex',
    parameters: { inputs, regex, options: { case_sensitive: caseSensitive, min_length: 1 } },
  };
}
