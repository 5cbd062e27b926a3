import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Channel, Segment } from '../../kernel/index.ts';
import { failed, isFinding } from './finding.ts';
import type { Finding, Guard, Scan, StreamGuard } from './guard.ts';
import { type NormalisedText, Normaliser, normalise } from './normalise.ts';
import { redacted } from './redaction.ts';
import { decisionFor, findingsKept, reasonsFor, type Verdict } from './verdict.ts';

/** Judges the texts of requests and complete replies. */
export interface Guards {
  /**
   * Looks at every text, whole. The verdict comes at once if every guard that has a say answers at once; it is a promise where one
   * does not, and for more than `atOnceUnits` of text. Never throws and never rejects: a guard that fails is a verdict, `block`.
   */
  inspect(segments: readonly Segment[]): Verdict | Promise<Verdict>;
}

/** Up to this many units are inspected in one go: some milliseconds. More is cut in slices, and others get their turn between. */
const atOnceUnits = 128 * 1024;
const sliceUnits = 32 * 1024;

const channels: readonly Channel[] = ['system', 'user', 'assistant', 'tool', 'output'];

/**
 * @param deadlineMs How long a guard that answers with a promise may take for one text, in milliseconds.
 * @throws Error when the settings could let something pass uninspected: no guards, one without channels, two of a name, no deadline.
 */
export function createGuards({
  guards,
  deadlineMs,
}: {
  readonly guards: readonly Guard[];
  readonly deadlineMs: number;
}): Guards {
  mustGuard(guards);
  if (!(deadlineMs > 0 && deadlineMs < 2 ** 31))
    throw new Error(`guards: deadlineMs is ${deadlineMs}; it must be a number of milliseconds above 0`);
  const byChannel = new Map(
    channels.map((channel) => [channel, guards.filter((guard) => guard.channels.includes(channel))]),
  );

  return {
    inspect(segments) {
      const inspection = new Inspection(deadlineMs);
      const units = segments.reduce((sum, { text }) => sum + text.length, 0);
      if (units > atOnceUnits) return inspectInSlices(inspection, segments, byChannel);
      for (const segment of segments) {
        const judges = byChannel.get(segment.channel) ?? [refusesUnknownChannel];
        if (judges.length === 0) continue;
        const text = normalise(segment.text);
        for (const guard of judges) inspection.ask(guard, text, segment);
      }
      return inspection.verdict(segments);
    },
  };
}

/** @throws Error unless there is at least one guard, each with a name of its own and a channel to look at. */
export function mustGuard(guards: readonly Guard[]): void {
  if (guards.length === 0)
    throw new Error('guards: the list is empty, so nothing would be inspected; name at least one guard');
  for (const { name, channels: own } of guards) {
    if (own.length === 0) throw new Error(`guards: ${name} names no channel, so it would never be asked`);
    if (guards.filter((other) => other.name === name).length > 1)
      throw new Error(`guards: two guards are called ${name}; reasons must tell them apart`);
  }
}

/** A text whose channel nobody knows is a mistake of ours, and must not pass because of it. */
const refusesUnknownChannel: Guard = {
  name: 'channel',
  channels,
  check: (_, { pointer }) => [failed('channel', pointer)],
};

/** The findings of one call of `inspect`, as they come in. */
class Inspection {
  readonly #deadlineMs: number;
  /** By segment, since two segments may have one pointer. */
  readonly #findings = new Map<Segment, Finding[]>();
  readonly #waiting: Promise<void>[] = [];

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  /** Asks one guard about one text. Whatever it does, there is an answer. */
  ask(guard: Guard, text: NormalisedText, segment: Segment): void {
    this.attempt(guard, segment, () => {
      const answer = guard.check(text, segment);
      if (isThenable(answer)) this.#waiting.push(this.#await(guard, segment, answer));
      else this.accept(guard, segment, answer);
    });
  }

  /** Runs what may throw, on behalf of a guard. @returns whether it went well. */
  attempt(guard: Guard, segment: Segment, act: () => void): boolean {
    try {
      act();
      return true;
    } catch {
      this.#add(segment, [failed(guard.name, segment.pointer)]);
      return false;
    }
  }

  /** Takes an answer if it is one. */
  accept(guard: Guard, segment: Segment, answer: unknown): void {
    const { pointer, text } = segment;
    const sound =
      Array.isArray(answer) && answer.every((one) => isFinding(one, guard.name, pointer, text.length));
    this.#add(segment, sound ? (answer as Finding[]) : [failed(guard.name, pointer)]);
  }

  verdict(segments: readonly Segment[]): Verdict | Promise<Verdict> {
    if (this.#waiting.length === 0) return this.#conclude(segments);
    return Promise.all(this.#waiting).then(() => this.#conclude(segments));
  }

  #add(segment: Segment, findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const own = this.#findings.get(segment);
    if (own) for (const finding of findings) own.push(finding);
    else this.#findings.set(segment, [...findings]);
  }

  /** Resolves when the guard has answered or its time is over; what it says later is not heard. */
  #await(guard: Guard, segment: Segment, answer: PromiseLike<unknown>): Promise<void> {
    return new Promise((resolve) => {
      let over = false;
      const end = (judge: () => void) => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        judge();
        resolve();
      };
      const fail = () => end(() => this.#add(segment, [failed(guard.name, segment.pointer)]));
      const timer = setTimeout(fail, this.#deadlineMs);
      // Promise.resolve, since a guard's thenable may call back twice or throw.
      const hear = (findings: unknown) =>
        end(() => this.attempt(guard, segment, () => this.accept(guard, segment, findings)));
      Promise.resolve(answer).then(hear, fail);
    });
  }

  #conclude(segments: readonly Segment[]): Verdict {
    if (this.#findings.size === 0) return nothingFound;
    const findings = segments.flatMap((segment) => this.#findings.get(segment) ?? []);
    const replacements = segments.flatMap((segment) => {
      const spans = (this.#findings.get(segment) ?? []).filter(({ action }) => action === 'redact');
      return spans.length === 0 ? [] : [{ pointer: segment.pointer, text: redacted(segment.text, spans) }];
    });
    return {
      decision: decisionFor(findings),
      reasons: reasonsFor(findings),
      findings: findings.slice(0, findingsKept),
      replacements,
    };
  }
}

const nothingFound: Verdict = { decision: 'allow', reasons: [], findings: [], replacements: [] };

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** The same inspection for a lot of text: scans take it slice by slice, and the loop serves others between. */
async function inspectInSlices(
  inspection: Inspection,
  segments: readonly Segment[],
  byChannel: ReadonlyMap<Channel, readonly Guard[]>,
): Promise<Verdict> {
  let sinceTurn = 0;
  const breathe = async (units: number) => {
    sinceTurn += units;
    if (sinceTurn < sliceUnits) return;
    sinceTurn = 0;
    await nextTurn();
  };
  for (const segment of segments) {
    const judges = byChannel.get(segment.channel) ?? [refusesUnknownChannel];
    const [streaming, whole] = [judges.filter(isStreaming), judges.filter((guard) => !isStreaming(guard))];
    if (streaming.length > 0) await scanInSlices(inspection, segment, streaming, breathe);
    if (whole.length === 0) continue;
    const text = normalise(segment.text);
    for (const guard of whole) inspection.ask(guard, text, segment);
    await breathe(segment.text.length);
  }
  return inspection.verdict(segments);
}

const isStreaming = (guard: Guard): guard is StreamGuard => 'open' in guard;

async function scanInSlices(
  inspection: Inspection,
  segment: Segment,
  guards: readonly StreamGuard[],
  breathe: (units: number) => Promise<void>,
): Promise<void> {
  const normaliser = new Normaliser();
  let going: { readonly guard: StreamGuard; readonly found: Finding[]; readonly scan: Scan }[] = [];
  for (const guard of guards)
    inspection.attempt(guard, segment, () => going.push({ guard, found: [], scan: guard.open(segment) }));
  let ended = false;
  for (let from = 0; !ended && going.length > 0; from += sliceUnits) {
    ended = from + sliceUnits >= segment.text.length;
    const slice = segment.text.slice(from, from + sliceUnits);
    const piece = normaliser.push(slice, ended);
    going = going.filter(({ guard, found, scan }) =>
      inspection.attempt(guard, segment, () => {
        for (const finding of scan.push(piece, ended).findings) found.push(finding);
        if (ended) inspection.accept(guard, segment, found);
      }),
    );
    await breathe(slice.length);
  }
}
