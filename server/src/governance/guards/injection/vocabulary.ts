import { foldWord } from './letters.ts';

/** Longer words are not looked up. */
export const wordUnits = 24;

/** FNV-1a (Fowler, Noll, Vo), one step for one unit: cheap, and every hit is compared in full. */
export const hashBasis = 0x811c9dc5 | 0;
export const hashStep = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

interface Entry<V> {
  readonly units: readonly number[];
  readonly value: V;
}

/** Words and what they stand for, found by a hash that is worked out while a word is read, so that looking up allocates nothing. */
export class Vocabulary<V> {
  readonly #mask: number;
  /** The entries, and beside them their hashes: most words that are not known are told by one look at a number. */
  readonly #entries: (Entry<V> | undefined)[];
  readonly #hashes: Int32Array;

  constructor(words: ReadonlyMap<string, V>) {
    // At most a quarter full, so that entries hardly stand in each other's way.
    const size = 2 ** Math.ceil(Math.log2(words.size * 4 + 4));
    this.#mask = size - 1;
    this.#entries = Array.from({ length: size });
    this.#hashes = new Int32Array(size);
    for (const [word, value] of words) {
      const units = foldWord(word);
      const hash = units.reduce(hashStep, hashBasis);
      let at = hash & this.#mask;
      while (this.#entries[at]) at = (at + 1) & this.#mask;
      this.#entries[at] = { units, value };
      this.#hashes[at] = hash;
    }
  }

  /** @param hash that of the first `length` of `units`. */
  find(hash: number, units: Uint16Array, length: number): V | undefined {
    for (let at = hash & this.#mask; ; at = (at + 1) & this.#mask) {
      const entry = this.#entries[at];
      if (!entry) return undefined;
      if (this.#hashes[at] === hash && same(entry.units, units, length)) return entry.value;
    }
  }
}

function same(known: readonly number[], units: Uint16Array, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index++) if (known[index] !== units[index]) return false;
  return true;
}
