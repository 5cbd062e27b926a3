import type { Finding, Place, Scan, Step } from '../guard.ts';
import type { NormalisedText } from '../normalise.ts';
import { awsSecretWithinUnits, matchAwsSecretKey } from './aws-secret-key.ts';
import { base64, isOf } from './characters.ts';
import { type Found, firstOf, lookBehindUnits, type Tail, type Wait } from './match.ts';
import { beginsWord, isOperator, matchOperator, matchWord, nextTrigger } from './triggers.ts';

/**
 * Looks for secrets in a text that arrives in pieces, from trigger to trigger. It keeps what a matcher may look back at and what is
 * undecided, and no more. Where a secret is longer than that, it is known to be one and only its end is looked for.
 */
export class SecretScan implements Scan {
  readonly #guard: string;
  readonly #place: Place;
  /** The kept text, its offset in the whole normalised text, and how far it has been searched. */
  #text = '';
  #start = 0;
  #at = 0;
  #open: { readonly finding: Finding; readonly tail: Tail } | undefined;
  /** Until this offset of the whole text, a word may be an AWS secret key. */
  #awsUntil = 0;

  constructor(guard: string, place: Place) {
    this.#guard = guard;
    this.#place = place;
  }

  push(piece: NormalisedText, ended: boolean): Step {
    const passed = Math.max(0, this.#at - lookBehindUnits);
    this.#text = this.#text.slice(passed) + piece.text;
    this.#start += passed;
    this.#at -= passed;
    const findings: Finding[] = [];
    for (;;) {
      if (this.#open) {
        const { finding, tail } = this.#open;
        this.#at = tail.extend(this.#text, this.#at, ended);
        const end = piece.originOf(this.#start + this.#at - 1, this.#start + this.#at).end;
        const soFar = { ...finding, end: Math.max(end, finding.end) };
        if (!tail.done) return { findings, settled: soFar.end, open: soFar };
        this.#open = undefined;
        findings.push(soFar);
      }
      const found = this.#search(ended);
      if (!found || 'wait' in found) {
        const settled = Math.min(found?.wait ?? this.#text.length, this.#text.length);
        return { findings, settled: piece.originBefore(this.#start + settled) };
      }
      this.#begin(found, piece);
    }
  }

  /** The next secret from `#at` on, or what must be waited for. Leaves `#at` where the search is to go on. */
  #search(ended: boolean): Found | Wait | undefined {
    const text = this.#text;
    const awsUntil = this.#awsUntil - this.#start;
    for (let at = this.#at; ; at++) {
      if (at >= awsUntil) at = nextTrigger(text, at);
      if (at >= text.length) break;
      let found: Found | Wait | undefined;
      if (isOperator(text.charCodeAt(at))) found = matchOperator(text, at, ended);
      else if (beginsWord(text, at)) found = matchWord(text, at, ended);
      if (at < awsUntil && this.#beginsBase64(at)) found = firstOf(found, matchAwsSecretKey(text, at, ended));
      if (found) {
        this.#at = at;
        return found;
      }
    }
    this.#at = text.length;
    return undefined;
  }

  #beginsBase64(at: number): boolean {
    return (
      isOf(this.#text.charCodeAt(at), base64) && !(at > 0 && isOf(this.#text.charCodeAt(at - 1), base64))
    );
  }

  #begin({ kind, start, end, tail }: Found, piece: NormalisedText): void {
    const { name, what } = kind;
    const range = piece.originOf(this.#start + start, this.#start + end);
    const { pointer } = this.#place;
    const text = `This looks like ${what}, so it was taken out.`;
    const finding: Finding = {
      guard: this.#guard,
      kind: name,
      pointer,
      ...range,
      action: 'redact',
      text,
    };
    this.#open = { finding, tail };
    this.#at = end;
    if (name === 'aws-access-key-id') this.#awsUntil = this.#start + end + awsSecretWithinUnits;
  }
}
