/** One change of a text. Offsets count UTF-16 units of the original; `end` is exclusive. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** What is to be redacted. `end` grows while the redaction is open. */
export interface Span {
  readonly kind: string;
  readonly start: number;
  end: number;
}

/**
 * Turns spans into edits, from the start of a text to its end, at once or bit by bit.
 *
 * Spans that overlap become one redaction, named after the one that starts first (the one added first where two start together).
 * A redaction that is given out in parts has its replacement in the first part and nothing in the others, so whoever applies
 * the edits gets the same text however it was cut.
 */
export class Redaction {
  readonly #spans: Span[] = [];
  #covered = 0;

  /** Adds a span that starts no earlier than the last `upTo`. */
  add(span: Span): void {
    let at = this.#spans.length;
    while (at > 0 && (this.#spans[at - 1]?.start ?? 0) > span.start) at--;
    this.#spans.splice(at, 0, span);
  }

  /** The edits between the last call's `limit` and this one's. Every span that starts before `limit` must have been added. */
  upTo(limit: number): Edit[] {
    const edits: Edit[] = [];
    let finished = 0;
    for (const [index, span] of this.#spans.entries()) {
      if (span.start >= limit) break;
      const end = Math.min(span.end, limit);
      const begins = span.start >= this.#covered;
      if (begins || end > this.#covered) {
        const start = begins ? span.start : this.#covered;
        edits.push({ start, end, replacement: begins ? `[redacted:${span.kind}]` : '' });
        this.#covered = end;
      }
      // Only a leading row of finished spans can go: one that ends at the limit may still grow.
      if (span.end < limit && finished === index) finished++;
    }
    if (finished > 0) this.#spans.splice(0, finished);
    return edits;
  }
}

/** The whole text with every span redacted. */
export function redacted(text: string, spans: readonly Span[]): string {
  const redaction = new Redaction();
  // In order, so that adding is cheap; sorting keeps the order of those that start together.
  for (const { kind, start, end } of spans.toSorted((a, b) => a.start - b.start))
    redaction.add({ kind, start, end });
  return edited(text, redaction.upTo(text.length));
}

/** A text with edits applied. They must be in order and must not overlap. */
export function edited(text: string, edits: readonly Edit[]): string {
  let out = '';
  let from = 0;
  for (const { start, end, replacement } of edits) {
    out += text.slice(from, start) + replacement;
    from = end;
  }
  return out + text.slice(from);
}
