import { type NormalisedText, rememberedUnits } from '../normalise.ts';
import { lexicon } from './lexicon.ts';
import { type Reading, WordReader } from './reader.ts';
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
/** What a word does. */
interface Role {
  /** Steps that it fills, later ones first, so that one word never fills two steps in a row. */
  readonly fills: number[];
  /** First steps of longer rows: filled whatever came before, and after all others. */
  readonly begins: number[];
  negates: boolean;
}
const roles = new Map<string, Role>();
const roleOf = (word: string): Role => {
  const role = roles.get(word) ?? { fills: [], begins: [], negates: false };
  roles.set(word, role);
  return role;
};
for (const [rule, { says }] of rules.entries()) {
  for (const steps of says.map((way) => stepsOf(way, lexicon))) {
    for (const [index, { words, gap }] of steps.entries()) {
      const step = distances.push(index === 0 ? 0 : gap + 1) - 1;
      const last = index === steps.length - 1;
      completes.push(last ? rule : -1);
      for (const word of words)
        if (index === 0 && !last) roleOf(word).begins.push(step);
        else roleOf(word).fills.unshift(step);
    }
  }
}
for (const word of lexicon.not ?? []) roleOf(word).negates = true;
const vocabulary = new Vocabulary(roles);
const farthest = Math.max(...distances);

/**
 * For each step: its place and that of the row's first word, and the offset of the latter in the normalised text. Rows are used for
 * one text after the other, since a new one is kilobytes outside of the heap. They are not cleared: each text counts its places from
 * where the last one ended and as much further as steps can be apart, so that none of its words follows a step of another text.
 */
interface Row {
  readonly steps: Int32Array;
  place: number;
}
const spare: Row[] = [];
const sparesKept = 64;
const newRow = (): Row => ({ steps: new Int32Array(distances.length * 3), place: farthest });
/** A row is used no more from here on, far below where places would no longer fit. */
const lastPlace = 2 ** 30;

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
export class RuleMatcher implements Reading<Role> {
  readonly #standard: Standard;
  #row: Row | undefined = spare.pop() ?? newRow();
  readonly #steps = this.#row?.steps ?? new Int32Array(0);
  readonly #reader = new WordReader(vocabulary, this.#row?.place ?? farthest);
  /** Rules that have matched, by number: where last, and where that began in the original. */
  readonly #matched = new Map<number, { readonly place: number; readonly start: number }>();
  readonly #told = new Set<Family>();
  #negatedAt = Number.NEGATIVE_INFINITY;
  /** What is being read, and what became enough with it. */
  #piece: NormalisedText | undefined;
  #matches: Match[] = [];

  constructor(standard: Standard) {
    this.#standard = standard;
  }

  /** Reads the next piece. @returns what became enough with it, each family once for the whole text. */
  read(piece: NormalisedText, ended: boolean): Match[] {
    if (!this.#row) throw new Error('a text goes on after its end');
    this.#piece = piece;
    if (this.#matches.length > 0) this.#matches = [];
    this.#reader.read(piece.text, piece.start, ended, this);
    if (ended) this.#giveBack(this.#row);
    return this.#matches;
  }

  #giveBack(row: Row): void {
    row.place = this.#reader.place + farthest;
    if (spare.length < sparesKept && row.place < lastPlace) spare.push(row);
    this.#row = undefined;
  }

  /** Takes the next known word. */
  word({ fills, begins, negates }: Role, place: number, start: number, end: number): void {
    const steps = this.#steps;
    for (let index = 0; index < fills.length; index++) {
      const step = fills[index] ?? 0;
      const at = step * 3;
      const most = distances[step] ?? 0;
      if (most === 0) {
        steps[at + 1] = place;
        steps[at + 2] = start;
      } else {
        const distance = place - (steps[at - 3] ?? 0);
        if (distance < 1 || distance > most) continue;
        steps[at + 1] = steps[at - 2] ?? place;
        steps[at + 2] = steps[at - 1] ?? start;
      }
      steps[at] = place;
      if ((completes[step] ?? -1) >= 0) this.#complete(step, place, end);
    }
    for (let index = 0; index < begins.length; index++) {
      const at = (begins[index] ?? 0) * 3;
      steps[at] = place;
      steps[at + 1] = place;
      steps[at + 2] = start;
    }
    if (negates) this.#negatedAt = place;
  }

  #complete(step: number, place: number, end: number): void {
    const rule = completes[step] ?? -1;
    const afterNot = (this.#steps[step * 3 + 1] ?? place) - this.#negatedAt;
    if (rules[rule]?.unlessNegated && afterNot > 0 && afterNot <= negatesWords) return;
    const before = this.#matched.get(rule);
    const began = Math.max(this.#steps[step * 3 + 2] ?? 0, end - toldUnits);
    const range = this.#piece?.originOf(began, end) ?? { start: began, end };
    // While its last match is within reach it has been weighed, and saying it again adds nothing.
    const again = before !== undefined && place - before.place <= reachWords;
    this.#matched.set(rule, { place, start: again ? before.start : range.start });
    const most = again ? undefined : this.#weigh(place);
    if (!most || this.#told.has(most.family)) return;
    this.#told.add(most.family);
    this.#matches.push({ ...most, end: range.end });
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
