import { goesOn } from '@vallum/contract';
import type { Clock, Exchange, Outlet, StreamCodec, StreamEvent } from '../kernel/index.ts';
import type { Edit, Window } from './guards/index.ts';
import { refusalBy } from './refusal.ts';

/** One text of the stream (choice 0's content, tool call 1's arguments), under its own window. */
interface Lane {
  readonly window: Window;
  arrived: number;
  released: number;
  /** Changes of text that has been released and not yet left, in order. */
  edits: Edit[];
}

/** A frame that waits until all its text has been released. */
interface Waiting {
  readonly bytes: Uint8Array;
  readonly finish: boolean;
  readonly event: StreamEvent | undefined;
  readonly spans: readonly { readonly lane: Lane; readonly start: number; readonly end: number }[];
}

interface StreamParts {
  readonly codec: StreamCodec;
  readonly openWindow: () => Window;
  readonly clock: Clock;
  /** Called before the stream's last bytes are passed on, or its failure, with the time that its inspection took. */
  readonly onOver: (micros: number) => void;
}

/**
 * Releases the frames of a stream behind the inspected window: a frame leaves when no guard can still object to any of its text, byte for byte as it came
 * where nothing in it is redacted. A frame is one event.
 */
export function inspectStream(
  x: Exchange,
  next: Outlet,
  { codec, openWindow, clock, onOver }: StreamParts,
): Outlet {
  const lanes = new Map<string, Lane>();
  let waiting: Waiting[] = [];
  let stopped = false;
  let micros = 0;

  function laneOf(name: string): Lane {
    const known = lanes.get(name);
    if (known) return known;
    const lane: Lane = { window: openWindow(), arrived: 0, released: 0, edits: [] };
    lanes.set(name, lane);
    return lane;
  }

  /** What a window let go. @returns whether the stream goes on. */
  function take(lane: Lane, { released, edits, decision, reasons }: ReturnType<Window['push']>): boolean {
    lane.released = released;
    lane.edits.push(...edits);
    if (decision !== 'allow') x.judge(decision, ...reasons);
    if (goesOn(decision)) return true;
    fail(refusalBy(reasons));
    return false;
  }

  function finishLanes(): boolean {
    for (const lane of lanes.values()) if (!take(lane, lane.window.finish())) return false;
    lanes.clear();
    return true;
  }

  /** Sends what may leave. @returns false when the producer should pause. */
  function release(): boolean {
    let room = true;
    let sent = 0;
    for (const { bytes, finish, event, spans } of waiting) {
      if (spans.some(({ lane, end }) => end > lane.released)) break;
      const changed =
        event !== undefined &&
        spans.some(({ lane, start, end }) => lane.edits.some((edit) => touches(edit, start, end)));
      const out = changed
        ? codec.write(
            event,
            spans.map((span, i) => edited(event.texts[i]?.text ?? '', span)),
          )
        : bytes;
      room = next.frame(out, finish);
      for (const { lane, end } of spans) lane.edits = lane.edits.filter((edit) => edit.end > end);
      sent++;
    }
    waiting = waiting.slice(sent);
    return room;
  }

  function fail(error: unknown): void {
    if (stopped) return;
    stopped = true;
    waiting = [];
    onOver(micros);
    next.fail(error);
  }

  return {
    head: (head) => next.head(head),
    frame(bytes, finish) {
      if (stopped) return false;
      const began = clock.micros();
      const event = codec.read(bytes);
      if (event?.usage) x.usage = { ...event.usage, estimated: false };
      const spans = (event?.texts ?? []).map(({ lane: name, text }) => {
        const lane = laneOf(name);
        const start = lane.arrived;
        lane.arrived += text.length;
        return { lane, text, start, end: lane.arrived };
      });
      waiting.push({ bytes, finish, event, spans });
      for (const { lane, text } of spans)
        if (text !== '' && !take(lane, lane.window.push(text))) return false;
      if (finish && !finishLanes()) return false;
      micros += clock.micros() - began;
      return release();
    },
    end() {
      if (stopped || !finishLanes()) return;
      stopped = true;
      release();
      onOver(micros);
      next.end();
    },
    fail,
  };
}

/** Whether an edit changes text in [start, end). */
const touches = (edit: Edit, start: number, end: number): boolean => edit.start < end && edit.end > start;

/** The text of a span with its lane's edits: the replacement stands where the redaction begins, the rest of what it covers is gone. */
function edited(text: string, { lane, start, end }: Waiting['spans'][number]): string {
  let out = '';
  let at = start;
  for (const edit of lane.edits) {
    if (!touches(edit, start, end)) continue;
    const from = Math.max(edit.start, start);
    out += text.slice(at - start, from - start);
    if (edit.start >= start) out += edit.replacement;
    at = Math.min(edit.end, end);
  }
  return out + text.slice(at - start);
}
