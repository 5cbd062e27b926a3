/** A part of a text; `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A stretch of normalised text: copied unit by unit from the original, or made as a whole from `from` to `to` of it. */
interface Stretch {
  readonly at: number;
  readonly from: number;
  readonly to: number | undefined;
}

/** Where each unit of a normalised text came from. Costs one entry per change, none for text that was copied. */
export class Origins {
  readonly #stretches: Stretch[] = [];

  /** From normalised offset `at` on, units are copied from `from` on. */
  copied(at: number, from: number): void {
    const last = this.#stretches.at(-1);
    if (last && last.to === undefined && from - at === last.from - last.at) return;
    this.#stretches.push({ at, from, to: undefined });
  }

  /** What stands from normalised offset `at` on was made from the original between `from` and `to`. */
  made(at: number, from: number, to: number): void {
    this.#stretches.push({ at, from, to });
  }

  /** The original offset where the unit at `offset` begins. */
  startOf(offset: number): number {
    const stretch = this.#of(offset);
    return stretch.to === undefined ? stretch.from + offset - stretch.at : stretch.from;
  }

  /** The original offset where the unit before `offset` ends. */
  endOf(offset: number): number {
    const stretch = this.#of(offset - 1);
    return stretch.to ?? stretch.from + offset - stretch.at;
  }

  /** Nobody will ask for offsets before this one again. */
  forget(before: number): void {
    const keep = this.#indexOf(before);
    if (keep > 0) this.#stretches.splice(0, keep);
  }

  #of(offset: number): Stretch {
    return this.#stretches[this.#indexOf(offset)] ?? { at: 0, from: 0, to: undefined };
  }

  /** The last stretch that begins at or before an offset: those asked for are usually near the end. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#stretches.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#stretches[middle]?.at ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
