import { type Decision, goesOn, type Reason, worse } from '@vallum/contract';
import { failed, isFinding } from './finding.ts';
import { type Finding, heldUnits, type Place, type Scan, type Step, type StreamGuard } from './guard.ts';
import { Normaliser } from './normalise.ts';
import { mustGuard } from './pipeline.ts';
import { type Edit, Redaction, type Span } from './redaction.ts';
import { decisionFor, reasonsFor } from './verdict.ts';

/** What may leave after a piece of a stream has been inspected. Offsets count UTF-16 units from the start of the stream. */
export interface Release {
  /** Text before this offset may leave, with the edits applied. Never goes back, and never parts a surrogate pair. */
  readonly released: number;
  /** Changes of what this release adds, in order, each within it. A long redaction comes in parts, of which the first has the replacement. */
  readonly edits: readonly Edit[];
  /** What became certain with this piece. */
  readonly findings: readonly Finding[];
  /** The worst so far. From `hold` on nothing more is released: a stream cannot wait for a person. */
  readonly decision: Decision;
  /** Why, for the findings of this release. */
  readonly reasons: readonly Reason[];
}

/** Lets one text through while it arrives. */
export interface Window {
  push(text: string): Release;
  /** The text is complete: what was held is judged and released. */
  finish(): Release;
}

interface Judge {
  readonly guard: StreamGuard;
  readonly scan: Scan;
  /** The redaction that this scan has begun and not ended. */
  open: Span | undefined;
}

/**
 * A window over one text of a streaming reply. What it releases, edited, is what the same guards would have left of the whole text.
 * It holds at most `heldUnits` and its work is in proportion to what arrives. It fails closed: a guard that throws, answers
 * nonsense or holds more has denied, and the stream ends.
 * @throws Error when no guard looks at output, or one that does cannot judge a text while it arrives.
 */
export function createWindow(guards: readonly StreamGuard[], pointer = ''): Window {
  const judges = guards.filter(({ channels }) => channels.includes('output'));
  mustGuard(judges);
  for (const guard of judges)
    if (typeof guard.open !== 'function')
      throw new Error(
        `guards: ${guard.name} cannot judge a stream; give it an open(), or keep it off output`,
      );
  return new GuardedWindow(judges, { channel: 'output', pointer });
}

class GuardedWindow implements Window {
  readonly #normaliser = new Normaliser();
  readonly #redaction = new Redaction();
  readonly #judges: Judge[];
  readonly #place: Place;
  #arrived = 0;
  #released = 0;
  #decision: Decision = 'allow';
  #finished = false;

  constructor(guards: readonly StreamGuard[], place: Place) {
    this.#place = place;
    this.#judges = guards.map((guard) => ({ guard, scan: openScan(guard, place), open: undefined }));
  }

  push(text: string): Release {
    return this.#take(text, false);
  }

  finish(): Release {
    return this.#take('', true);
  }

  #take(text: string, ended: boolean): Release {
    if (this.#finished || !goesOn(this.#decision)) return this.#release([], []);
    this.#finished = ended;
    this.#arrived += text.length;
    const findings: Finding[] = [];
    const piece = this.#normaliser.push(text, ended);
    let settled = ended ? this.#arrived : piece.originBefore(piece.start + piece.text.length);
    for (const judge of this.#judges) {
      const step = this.#step(judge, () => judge.scan.push(piece, ended), ended);
      this.#note(judge, step);
      for (const finding of step.findings) findings.push(finding);
      settled = Math.min(settled, step.settled);
    }
    this.#decision = worse(this.#decision, decisionFor(findings));
    if (!goesOn(this.#decision)) return this.#release([], findings);
    this.#released = settled;
    const edits = this.#redaction.upTo(settled);
    if (edits.length > 0) this.#decision = worse(this.#decision, 'restrict');
    return this.#release(edits, findings);
  }

  /** One scan's answer, or a refusal in its place if it is not one. */
  #step({ guard, open }: Judge, ask: () => Step, ended: boolean): Step {
    const { pointer } = this.#place;
    const refusal: Step = { findings: [failed(guard.name, pointer)], settled: this.#released };
    const sound = (one: unknown) => isFinding(one, guard.name, pointer, this.#arrived);
    try {
      const step = ask();
      const { findings, settled, open: goesOnAs } = step;
      const wellFormed =
        Array.isArray(findings) &&
        findings.every(sound) &&
        findings.every(
          ({ action, start }) => action !== 'redact' || start >= (open?.start ?? this.#released),
        ) &&
        Number.isInteger(settled) &&
        settled >= this.#released &&
        settled >= (ended ? this.#arrived : this.#arrived - heldUnits) &&
        settled <= this.#arrived;
      const opensWell =
        goesOnAs === undefined ||
        (!ended && sound(goesOnAs) && goesOnAs.action === 'redact' && goesOnAs.end === settled);
      // A redaction that has begun must go on or end: a scan that forgot it would let the rest of the secret out.
      const continues = !open || [...findings, goesOnAs].some((one) => one?.start === open.start);
      return wellFormed && opensWell && continues ? step : refusal;
    } catch {
      return refusal;
    }
  }

  /** Keeps what is to be redacted: new spans, and the one that grows. */
  #note(judge: Judge, step: Step): void {
    for (const { action, kind, start, end } of step.findings) {
      if (action !== 'redact') continue;
      if (judge.open?.start === start) {
        judge.open.end = end;
        judge.open = undefined;
      } else this.#redaction.add({ kind, start, end });
    }
    if (!step.open) return;
    const { kind, start, end } = step.open;
    if (judge.open?.start === start) judge.open.end = end;
    else {
      judge.open = { kind, start, end };
      this.#redaction.add(judge.open);
    }
  }

  #release(edits: readonly Edit[], findings: readonly Finding[]): Release {
    return {
      released: this.#released,
      edits,
      findings,
      decision: this.#decision,
      reasons: reasonsFor(findings),
    };
  }
}

/** A guard that cannot even begin has denied: the first piece says so. */
function openScan(guard: StreamGuard, place: Place): Scan {
  try {
    return guard.open(place);
  } catch {
    return {
      push() {
        throw new Error('the guard could not open a scan');
      },
    };
  }
}
