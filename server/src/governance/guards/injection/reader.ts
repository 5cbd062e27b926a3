import { foldUnit, isUnspaced, parts, passedOver } from './letters.ts';
import { hashBasis, hashStep, type Vocabulary, wordUnits } from './vocabulary.ts';

/** What is done with a known word: `place` counts words, and a little more at the end of a sentence or line. */
export type OnWord<V> = (value: V, place: number, start: number, end: number) => void;

/** Characters that, right before a word, make a marker of it: `<|im_start|>`, `[INST]`, `<system>`. */
const markers = '|[<#/';
const isMarker = new Uint8Array(128);
for (const marker of markers) isMarker[marker.charCodeAt(0)] = 1;
const hashUnit = 0x23;
const spaceUnit = 0x20;
const colonUnit = 0x3a;
const atSignUnit = 0x40;

/** How much further away the words on both sides are for what stands between them. */
const sentenceEnd = 2;
const lineEnd = 1;
const endsSentence = new Uint8Array(128);
for (const character of '.!?;') endsSentence[character.charCodeAt(0)] = 1;

/**
 * Reads words from a text that arrives in pieces, and reports those of a vocabulary. Besides a plain word it looks up `|word` behind
 * one of the marker characters, `word:` before a colon, `#word:` for a heading such as `### System:`, and `@` for an address.
 * One pass, and state for one word.
 */
export class WordReader<V> {
  readonly #vocabulary: Vocabulary<V>;
  readonly #units = new Uint16Array(wordUnits + 2);
  #length = 0;
  #hash = hashBasis;
  /** Offsets in the whole normalised text. */
  #wordStart = 0;
  #wordEnd = 0;
  /** Of the last word; and what stands between it and the next adds to that one's. */
  #place = 0;
  #gap = 0;
  /** The character before the word, if nothing else came between. */
  #before = 0;
  /** The last character if it is of an unspaced script, else 0. */
  #unspaced = 0;

  constructor(vocabulary: Vocabulary<V>) {
    this.#vocabulary = vocabulary;
  }

  read(text: string, start: number, ended: boolean, onWord: OnWord<V>): void {
    const units = this.#units;
    // The word being read, in locals: this loop sees every character there is.
    let length = this.#length;
    let hash = this.#hash;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      const folded = foldUnit(unit);
      if (folded > passedOver && !(folded >= 0x3040 && isUnspaced(folded))) {
        if (length < wordUnits) {
          if (length === 0) this.#wordStart = start + at;
          units[length] = folded;
          hash = hashStep(hash, folded);
        }
        length++;
        continue;
      }
      if (folded === passedOver) continue;
      if (length > 0) {
        this.#endWord(length, hash, start + at, unit, onWord);
        length = 0;
        hash = hashBasis;
        if (unit === atSignUnit) this.#lookUp([unit], 0, [], onWord);
      }
      if (folded === parts) this.#part(unit);
      else this.#pair(folded, start + at, onWord);
    }
    if (ended && length > 0) this.#endWord(length, hash, start + text.length, 0, onWord);
    this.#length = length;
    this.#hash = hash;
  }

  #part(unit: number): void {
    if (unit !== spaceUnit || this.#before !== hashUnit) this.#before = unit;
    this.#unspaced = 0;
    if (unit >= 128) return;
    if (endsSentence[unit]) this.#gap = sentenceEnd;
    else if (unit === 0x0a && this.#gap < lineEnd) this.#gap = lineEnd;
  }

  #endWord(length: number, hash: number, end: number, after: number, onWord: OnWord<V>): void {
    this.#place += 1 + this.#gap;
    this.#gap = 0;
    this.#wordEnd = end;
    if (length <= wordUnits) {
      const found = this.#vocabulary.find(hash, this.#units, length);
      if (found !== undefined) onWord(found, this.#place, this.#wordStart, end);
      const colon = after === colonUnit;
      const marker = this.#before < 128 && isMarker[this.#before] === 1;
      if (colon) this.#lookUp([], length, [colonUnit], onWord);
      if (marker) this.#lookUp([this.#before], length, [], onWord);
      if (colon && marker) this.#lookUp([this.#before], length, [colonUnit], onWord);
    }
    this.#before = 0;
    this.#unspaced = 0;
  }

  /** Two neighbouring characters of a script without spaces, as a word. */
  #pair(folded: number, offset: number, onWord: OnWord<V>): void {
    this.#place += 1 + this.#gap;
    this.#gap = 0;
    const before = this.#unspaced;
    this.#unspaced = folded;
    this.#wordStart = offset - 1;
    this.#wordEnd = offset + 1;
    if (before !== 0) this.#lookUp([before, folded], 0, [], onWord);
  }

  /** Reports the word with something before or after it, if that is known too. */
  #lookUp(before: readonly number[], length: number, after: readonly number[], onWord: OnWord<V>): void {
    const units = Uint16Array.from([...before, ...this.#units.subarray(0, length), ...after]);
    const found = this.#vocabulary.find(units.reduce(hashStep, hashBasis), units, units.length);
    if (found !== undefined) onWord(found, this.#place, this.#wordStart, this.#wordEnd);
  }
}
