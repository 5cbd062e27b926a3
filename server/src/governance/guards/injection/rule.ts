/** What a rule looks for, as reasons and the ledger name it. */
export type Family =
  | 'instruction-override'
  | 'role-override'
  | 'prompt-extraction'
  | 'tool-command'
  | 'fake-role-marker'
  | 'hidden-text';

/**
 * Ways to say one thing, and how much it tells. Each is a row of words in order: `this|that` is any of these words, `{names}` any of
 * those lists of the lexicon (`{prior|given}` of either), and `~3` lets up to three other words stand between its neighbours.
 * Weights are hundredths of what is enough: `own` for what a user writes, `data` for text that should not command at all.
 */
export interface Rule {
  readonly family: Family;
  readonly says: readonly string[];
  readonly own: number;
  readonly data: number;
  /** Does not count right after a word of `{not}`: "never ignore your instructions". */
  readonly unlessNegated?: true;
}

/** One step of a rule: one of these words, at most `gap` words after the step before. */
export interface RuleStep {
  readonly words: readonly string[];
  readonly gap: number;
}

/**
 * Reads one way to say something.
 * @throws Error where it ends in a gap or says nothing.
 */
export function stepsOf(says: string, lexicon: Readonly<Record<string, readonly string[]>>): RuleStep[] {
  const steps: RuleStep[] = [];
  let gap = 0;
  for (const part of says.split(' ')) {
    if (part.startsWith('~')) {
      gap = Number(part.slice(1));
      continue;
    }
    const names = part.startsWith('{') ? part.slice(1, -1).split('|') : [];
    const words = names.length === 0 ? part.split('|') : names.flatMap((name) => listed(name, says, lexicon));
    steps.push({ words: [...new Set(words)], gap });
    gap = 0;
  }
  if (gap !== 0 || steps.length === 0)
    throw new Error(`injection rules: "${says}" ends in a gap, or is empty`);
  return steps;
}

function listed(
  name: string,
  says: string,
  lexicon: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const words = lexicon[name];
  if (!words)
    throw new Error(`injection rules: "${says}" names the list {${name}}, which the lexicon does not have`);
  return words;
}
