import type { Channel, Segment } from '../../kernel/index.ts';
import type { NormalisedText } from './normalise.ts';

/** What a finding asks for, mildest first. `note` changes nothing; it is there for those who watch. */
export const findingActions = ['note', 'redact', 'hold', 'block'] as const;
export type FindingAction = (typeof findingActions)[number];

/** Something a guard found. Offsets count UTF-16 units of the segment's original text; `end` is exclusive. */
export interface Finding {
  readonly guard: string;
  /** What it is, as a stable code in kebab-case: it stands in redacted text as `[redacted:<kind>]`. */
  readonly kind: string;
  /** The segment's pointer. */
  readonly pointer: string;
  readonly start: number;
  readonly end: number;
  readonly action: FindingAction;
  /** An explanation that is the same for every finding of this kind. Never content. */
  readonly text?: string;
}

/** Where a text stands; known before its first character is. */
export type Place = Pick<Segment, 'channel' | 'pointer'>;

/**
 * Inspects one text at a time. It may look at the normalised text or at the original, and places what it finds in the original.
 *
 * A guard that answers at once must be linear in the text, since nothing can interrupt it. One that answers with a promise
 * has a deadline. One that throws, rejects, is late or answers nonsense has denied.
 */
export interface Guard {
  readonly name: string;
  /** The channels whose texts it sees. */
  readonly channels: readonly Channel[];
  check(text: NormalisedText, segment: Segment): readonly Finding[] | Promise<readonly Finding[]>;
}

/** A guard that can also judge a text while it arrives, with the same findings however the text was cut. */
export interface StreamGuard extends Guard {
  open(place: Place): Scan;
}

/** One text under inspection while it arrives. Its state is bounded, whatever the length of the text. */
export interface Scan {
  /**
   * Takes the next piece. `piece.start` is where the piece before it ended.
   * @param ended true with the last piece, which may be empty.
   */
  push(piece: NormalisedText, ended: boolean): Step;
}

/** What a scan knows after a piece. All offsets count from the start of the original text. */
export interface Step {
  /** What became certain with this piece, in order; each finding is given once. */
  readonly findings: readonly Finding[];
  /** Nothing that is still to come can redact a character before this offset. At most `heldUnits` behind the text. */
  readonly settled: number;
  /**
   * A redaction that has begun and goes on: certain from `start` to `end`, which is also `settled`.
   * It grows from step to step and is a finding at last, with the same start.
   */
  readonly open?: Finding;
}

/** How much of a stream may be held back at any time, in UTF-16 units. */
export const heldUnits = 256;

/** A guard whose whole-text judgement is its scan run once, so that the two cannot differ. */
export function streamGuard(guard: Omit<StreamGuard, 'check'>): StreamGuard {
  return { ...guard, check: (text, segment) => guard.open(segment).push(text, true).findings };
}
