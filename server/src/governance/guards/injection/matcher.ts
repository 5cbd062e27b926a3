import { type NormalisedText, rememberedUnits } from '../normalise.ts';
import { lexicon } from './lexicon.ts';
import { WordReader } from './reader.ts';
import { type Family, stepsOf } from './rule.ts';
import { rules } from './rules.ts';
import { Vocabulary } from './vocabulary.ts';

/** How a text is weighed. */
export type Standard = 'own' | 'data';

/** Rules of a family that matched within reach of each other, and together were enough. */
export interface Match {
  readonly family: Family;
  /** In the original. */
  readonly start: number;
  readonly end: number;
}

/**
 * The steps of all ways to say all rules, numbered one after the other: how far each may be from the step before (0 for a first
 * step), and which rule it completes (-1 for all but a last step).
 */
const distances: number[] = [];
const completes: number[] = [];
/** For each word the steps that it fills, later ones first, so that one word never fills two steps in a row. */
const stepsFor = new Map<string, number[]>();
for (const [rule, { says }] of rules.entries()) {
  for (const steps of says.map((way) => stepsOf(way, lexicon))) {
    for (const [index, { words, gap }] of steps.entries()) {
      const step = distances.push(index === 0 ? 0 : gap + 1) - 1;
      completes.push(index === steps.length - 1 ? rule : -1);
      for (const word of words) stepsFor.set(word, [step, ...(stepsFor.get(word) ?? [])]);
    }
  }
}
/** What a word of `{not}` fills besides. */
const negation = -1;
for (const word of lexicon.not ?? []) stepsFor.set(word, [...(stepsFor.get(word) ?? []), negation]);
const vocabulary = new Vocabulary(stepsFor);

/** Rows of texts that are read: a new one is kilobytes outside of the heap, for each text of each request. */
const spare: Int32Array[] = [];
const sparesKept = 64;
const noRow = new Int32Array(0);

/** What is enough: see `Rule`. */
const enough = 100;
/** Weights add up over so many words: a role and the licence to do anything often stand paragraphs apart. */
const reachWords = 150;
const negatesWords = 3;
/** A match that began further back is told from here on: what stands between two words can be of any length. */
const toldUnits = rememberedUnits / 2;

/**
 * Matches all rules against a text that arrives in pieces. For each step it keeps the latest place where a rule had come that far:
 * the latest is always the best, so this finds whatever a search through all ways would, in one pass and in constant space.
 */
export class RuleMatcher {
  readonly #standard: Standard;
  readonly #reader = new WordReader(vocabulary);
  /** For each step: its place and that of the row's first word, counted from 1, and the offset of the latter in the normalised text. */
  #row = spare.pop()?.fill(0) ?? new Int32Array(distances.length * 3);
  /** Rules that have matched, by number: where last, and where that began in the original. */
  readonly #matched = new Map<number, { readonly place: number; readonly start: number }>();
  readonly #told = new Set<Family>();
  #negatedAt = Number.NEGATIVE_INFINITY;

  constructor(standard: Standard) {
    this.#standard = standard;
  }

  /** Reads the next piece. @returns what became enough with it, each family once for the whole text. */
  read(piece: NormalisedText, ended: boolean): Match[] {
    if (this.#row.length === 0) throw new Error('a text goes on after its end');
    const matches: Match[] = [];
    this.#reader.read(piece.text, piece.start, ended, (filled, place, start, end) => {
      for (let index = 0; index < filled.length; index++) {
        const step = filled[index] ?? negation;
        if (step === negation) this.#negatedAt = place;
        else if (this.#fill(step, place, start)) this.#complete(step, place, end, piece, matches);
      }
    });
    if (ended) this.#giveBack();
    return matches;
  }

  #giveBack(): void {
    if (spare.length < sparesKept) spare.push(this.#row);
    this.#row = noRow;
  }

  /** @returns whether this was the last step of a row. */
  #fill(step: number, place: number, start: number): boolean {
    const row = this.#row;
    const at = step * 3;
    const most = distances[step] ?? 0;
    if (most === 0) {
      row[at + 1] = place;
      row[at + 2] = start;
    } else {
      const before = row[at - 3] ?? 0;
      const distance = place - before;
      if (before === 0 || distance < 1 || distance > most) return false;
      row[at + 1] = row[at - 2] ?? place;
      row[at + 2] = row[at - 1] ?? start;
    }
    row[at] = place;
    return (completes[step] ?? -1) >= 0;
  }

  #complete(step: number, place: number, end: number, piece: NormalisedText, matches: Match[]): void {
    const rule = completes[step] ?? -1;
    const afterNot = (this.#row[step * 3 + 1] ?? place) - this.#negatedAt;
    if (rules[rule]?.unlessNegated && afterNot > 0 && afterNot <= negatesWords) return;
    const before = this.#matched.get(rule);
    const began = Math.max(this.#row[step * 3 + 2] ?? 0, end - toldUnits);
    const range = piece.originOf(began, end);
    // While its last match is within reach it has been weighed, and saying it again adds nothing.
    const again = before !== undefined && place - before.place <= reachWords;
    this.#matched.set(rule, { place, start: again ? before.start : range.start });
    const most = again ? undefined : this.#weigh(place);
    if (!most || this.#told.has(most.family)) return;
    this.#told.add(most.family);
    matches.push({ ...most, end: range.end });
  }

  /** Adds up what matched within reach. @returns the family that says most, if all together is enough. */
  #weigh(place: number): { family: Family; start: number } | undefined {
    let sum = 0;
    let start = Number.POSITIVE_INFINITY;
    const byFamily = new Map<Family, number>();
    for (const [number, matched] of this.#matched) {
      const rule = rules[number];
      const weight = rule?.[this.#standard] ?? 0;
      if (!rule || weight === 0 || place - matched.place > reachWords) continue;
      sum += weight;
      start = Math.min(start, matched.start);
      byFamily.set(rule.family, (byFamily.get(rule.family) ?? 0) + weight);
    }
    if (sum < enough) return undefined;
    const [family] = [...byFamily].reduce((most, next) => (next[1] > most[1] ? next : most));
    return { family, start };
  }
}
