/**
 * A secret at a trigger: `start` to `end` is certain, and `tail` says how far it goes on.
 * Offsets are indices of the text that the matcher was given.
 */
export interface Found {
  readonly kind: SecretKind;
  readonly start: number;
  readonly end: number;
  readonly tail: Tail;
}

/** More text is needed to tell. Nothing before `wait` would be redacted. */
export interface Wait {
  readonly wait: number;
}

export interface SecretKind {
  readonly name: string;
  /** What it is, to follow "looks like". */
  readonly what: string;
}

/**
 * Judges the text around a trigger at `at`. It may look `lookBehindUnits` back and `lookAheadUnits` ahead, and its answer must depend
 * on nothing else: where it needs a character that is not there yet, and `ended` is false, it waits.
 */
export type Matcher = (text: string, at: number, ended: boolean) => Found | Wait | undefined;

/** Of two answers the one that counts. While either is open nothing is decided, and what either would redact must wait. */
export function firstOf(a: Found | Wait | undefined, b: Found | Wait | undefined): Found | Wait | undefined {
  if (!a || !b) return a ?? b;
  if (!('wait' in a)) return a;
  return { wait: Math.min(a.wait, 'wait' in b ? b.wait : b.start) };
}

export const lookBehindUnits = 96;
/** Less than half of what a window may hold: normalised text can stand for twice as much of the original. */
export const lookAheadUnits = 100;

/** How a secret goes on beyond what made it certain: bounded state, whatever its length. Made for one secret. */
export interface Tail {
  /** @returns where the secret ends, as far as the text shows. To be asked again from there, unless `done`. */
  extend(text: string, from: number, ended: boolean): number;
  done: boolean;
}

/** The secret is as long as what was seen. */
export const noTail = (): Tail => ({ extend: (_, from) => from, done: true });

/** The secret goes on while units belong to it; an `inner` unit only if one that belongs follows it. */
export function runTail(belongs: (unit: number) => boolean, inner: (unit: number) => boolean = never): Tail {
  const tail: Tail = {
    done: false,
    extend(text, from, ended) {
      let at = from;
      while (at < text.length) {
        const unit = text.charCodeAt(at);
        if (belongs(unit)) at++;
        else if (inner(unit) && at + 1 === text.length && !ended) return at;
        else if (inner(unit) && belongs(text.charCodeAt(at + 1))) at += 2;
        else break;
      }
      tail.done = ended || at < text.length;
      return at;
    },
  };
  return tail;
}

const never = () => false;
