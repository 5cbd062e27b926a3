/** One that is under way, in the order in which they began. */
export interface UnderWay<T> {
  readonly what: T;
  before: UnderWay<T> | undefined;
  after: UnderWay<T> | undefined;
}

/**
 * What is under way. Not a Set: one that is added to and deleted from with each request refers from each table that it has outgrown to the next, and so
 * keeps what is over alive until the garbage collector looks at all of memory. What is taken out of this refers to nobody any more.
 */
export class InFlight<T> {
  #first: UnderWay<T> | undefined;
  #last: UnderWay<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one that began first. */
  get first(): UnderWay<T> | undefined {
    return this.#first;
  }

  add(what: T): UnderWay<T> {
    const one: UnderWay<T> = { what, before: this.#last, after: undefined };
    if (this.#last) this.#last.after = one;
    else this.#first = one;
    this.#last = one;
    this.#size++;
    return one;
  }

  /** Takes one out. Nothing happens where it is out already. */
  remove(one: UnderWay<T>): void {
    const { before, after } = one;
    if (!before && this.#first !== one) return;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    one.before = undefined;
    one.after = undefined;
    this.#size--;
  }

  /** All of them, as they are now. */
  all(): T[] {
    const all: T[] = [];
    for (let one = this.#first; one; one = one.after) all.push(one.what);
    return all;
  }
}
