import { foldUnit, isUnspaced, parts, passedOver } from './letters.ts';
import { hashBasis, hashStep, type Vocabulary, wordUnits } from './vocabulary.ts';

/** Is told of known words: `place` counts words, and a little more at the end of a sentence or line. */
export interface Reading<V> {
  word(value: V, place: number, start: number, end: number): void;
}

const hashUnit = 0x23;
const spaceUnit = 0x20;
const colonUnit = 0x3a;
const atSignUnit = 0x40;

/** Right before a word, these make a marker of it: `<|im_start|>`, `[INST]`, `<system>`. */
const marks = 4;
/** Right after a word, these make another of it. */
const joins = 8;
/** How much further away the words on both sides are for what stands between them. */
const sentenceEnd = 2;
const lineEnd = 1;
const gapBits = 3;
const signs = new Uint8Array(128);
for (const [bit, characters] of [
  [marks, '|[<#/'],
  [joins, ':@'],
  [sentenceEnd, '.!?;'],
  [lineEnd, '\n'],
] as const)
  for (const character of characters) signs[character.charCodeAt(0)] = bit;
const signOf = (unit: number): number => (unit < 128 ? (signs[unit] ?? 0) : 0);

/**
 * Reads words from a text that arrives in pieces, and reports those of a vocabulary. Besides a plain word it looks up `|word` behind
 * one of the marker characters, `word:` before a colon, `#word:` for a heading such as `### System:`, and `@` for an address.
 * One pass, and state for one word.
 */
export class WordReader<V> {
  readonly #vocabulary: Vocabulary<V>;
  /** The word being read, from the second unit on: what stands before it and after it are looked up with it. */
  readonly #units = new Uint16Array(wordUnits + 2);
  #length = 0;
  #hash = hashBasis;
  /** Offset in the whole normalised text. */
  #wordStart = 0;
  /** Of the last word; and what stands between it and the next adds to that one's. */
  #place: number;
  #gap = 0;
  /** The marker before the word, if nothing else came between, or 0. */
  #marker = 0;
  /** The last character if it is of an unspaced script, else 0. */
  #unspaced = 0;

  /** @param place where to count from. */
  constructor(vocabulary: Vocabulary<V>, place: number) {
    this.#vocabulary = vocabulary;
    this.#place = place;
  }

  /** Of the last word. */
  get place(): number {
    return this.#place;
  }

  read(text: string, start: number, ended: boolean, reading: Reading<V>): void {
    const units = this.#units;
    const vocabulary = this.#vocabulary;
    // All in locals, and a word's letters in a loop of their own: they are most of what there is.
    let length = this.#length;
    let hash = this.#hash;
    let wordStart = this.#wordStart;
    let place = this.#place;
    let gap = this.#gap;
    let marker = this.#marker;
    let unspaced = this.#unspaced;
    const stop = ended ? text.length + 1 : text.length;
    for (let at = 0; at < stop; at++) {
      // After its last unit, a text ends like a word.
      let unit = at < text.length ? text.charCodeAt(at) : 0;
      let folded = foldUnit(unit);
      if (folded > passedOver && !isUnspaced(folded)) {
        if (length === 0) wordStart = start + at;
        do {
          if (folded !== passedOver) {
            if (length < wordUnits) {
              units[length + 1] = folded;
              hash = hashStep(hash, folded);
            }
            length++;
          }
          at++;
          unit = at < text.length ? text.charCodeAt(at) : 0;
          folded = foldUnit(unit);
        } while (folded > parts && (folded < 0x3040 || !isUnspaced(folded)));
        if (at >= stop) break;
      } else if (folded === passedOver) continue;
      const sign = signOf(unit);
      if (length > 0) {
        place += 1 + gap;
        gap = 0;
        const found = length <= wordUnits ? vocabulary.find(hash, units, 1, length + 1) : undefined;
        if (found !== undefined) reading.word(found, place, wordStart, start + at);
        if (marker !== 0 || sign === joins)
          this.#joined(marker, length, unit, place, wordStart, start + at, reading);
        length = 0;
        hash = hashBasis;
        marker = 0;
        unspaced = 0;
      }
      if (folded !== parts) {
        // Two neighbouring characters of a script without spaces, as a word.
        place += 1 + gap;
        gap = 0;
        if (unspaced !== 0) {
          units[1] = unspaced;
          units[2] = folded;
          this.#lookUp(1, 3, place, start + at - 1, start + at + 1, reading);
        }
        unspaced = folded;
        continue;
      }
      unspaced = 0;
      if (sign !== 0) {
        marker = sign === marks ? unit : 0;
        gap = Math.max(gap, sign & gapBits);
      } else if (marker !== 0 && (unit !== spaceUnit || marker !== hashUnit)) marker = 0;
    }
    this.#length = length;
    this.#hash = hash;
    this.#wordStart = wordStart;
    this.#place = place;
    this.#gap = gap;
    this.#marker = marker;
    this.#unspaced = unspaced;
  }

  /** Looks up the word with the marker before it and what comes right after it. */
  #joined(
    marker: number,
    length: number,
    after: number,
    place: number,
    start: number,
    end: number,
    reading: Reading<V>,
  ): void {
    const units = this.#units;
    if (length <= wordUnits) {
      const colon = after === colonUnit;
      units[0] = marker;
      if (colon) units[length + 1] = after;
      if (colon) this.#lookUp(1, length + 2, place, start, end, reading);
      if (marker !== 0) this.#lookUp(0, length + 1, place, start, end, reading);
      if (colon && marker !== 0) this.#lookUp(0, length + 2, place, start, end, reading);
    }
    if (after !== atSignUnit) return;
    units[1] = after;
    this.#lookUp(1, 2, place, start, end, reading);
  }

  /** Reports what stands between two of the units, if that is known too. */
  #lookUp(from: number, to: number, place: number, start: number, end: number, reading: Reading<V>): void {
    const units = this.#units;
    let hash = hashBasis;
    for (let at = from; at < to; at++) hash = hashStep(hash, units[at] ?? 0);
    const found = this.#vocabulary.find(hash, units, from, to);
    if (found !== undefined) reading.word(found, place, start, end);
  }
}
