import { foldWord } from './letters.ts';

/** Longer words are not looked up. */
export const wordUnits = 24;

/** FNV-1a (Fowler, Noll, Vo), one step for one unit: cheap, and every hit is compared in full. */
export const hashBasis = 0x811c9dc5 | 0;
export const hashStep = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

/** Words and what they stand for, found by a hash that is worked out while a word is read, so that looking up allocates nothing. */
export class Vocabulary<V> {
  readonly #mask: number;
  /** The hash of the word at each place, or 0: most words that are not known are told by one look at a number. */
  readonly #hashes: Int32Array;
  readonly #words: (readonly number[])[] = [];
  readonly #values: V[] = [];
  /** For each place which of the words it is. */
  readonly #numbers: Uint16Array;

  constructor(words: ReadonlyMap<string, V>) {
    // At most an eighth full, so that entries hardly stand in each other's way.
    const size = 2 ** Math.ceil(Math.log2(words.size * 8 + 8));
    this.#mask = size - 1;
    this.#hashes = new Int32Array(size);
    this.#numbers = new Uint16Array(size);
    for (const [word, value] of words) {
      const units = foldWord(word);
      const hash = units.reduce(hashStep, hashBasis);
      if (hash === 0) throw new Error(`injection rules: "${word}" has the hash that stands for no word`);
      let at = hash & this.#mask;
      while (this.#hashes[at] !== 0) at = (at + 1) & this.#mask;
      this.#hashes[at] = hash;
      this.#numbers[at] = this.#words.push(units) - 1;
      this.#values.push(value);
    }
  }

  /** @param hash that of the units between `from` and `to`. */
  find(hash: number, units: Uint16Array, from: number, to: number): V | undefined {
    for (let at = hash & this.#mask; ; at = (at + 1) & this.#mask) {
      const known = this.#hashes[at];
      if (known === 0) return undefined;
      if (known !== hash) continue;
      const number = this.#numbers[at] ?? 0;
      if (same(this.#words[number] ?? [], units, from, to)) return this.#values[number];
    }
  }
}

function same(known: readonly number[], units: Uint16Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let index = 0; index < known.length; index++) if (known[index] !== units[from + index]) return false;
  return true;
}
