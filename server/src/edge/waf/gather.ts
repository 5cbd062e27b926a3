import type { WafInput } from './input.ts';
import { type Lists, listLength } from './libddwaf.ts';
import { piecesOf } from './pieces.ts';
import type { Place } from './rule.ts';
import { bodyStrings, headStrings, type Judged } from './strings.ts';
import { viewsOf } from './views.ts';

/** Strings, views and pieces of one request: at most 70 ms of matching for our own rules as measured, and 160 ms with those of a CRS release. */
const mostStrings = 4_096;
/** UTF-16 units of them together. */
const mostUnits = 192 * 1024;

/** What goes to the rules, and where each string of it stood. */
export interface Gathered {
  readonly lists: Lists;
  where(place: Place, list: number, index: number): string;
}

/** All that is judged of a request, as flat lists that libddwaf does not cut; or why it is too much; or nothing, where there is nothing to judge. */
export function gather(
  { head, body }: WafInput,
  wanted: ReadonlySet<Place>,
): Gathered | { readonly tooMuch: string } | undefined {
  let collected: Collected | undefined;
  if (head) {
    collected = new Collected(wanted);
    for (const judged of headStrings(head, wanted)) if (!collected.add(judged)) return { tooMuch: 'size' };
  }
  const stopped =
    body &&
    bodyStrings(body, (place, where, text) => {
      collected ??= new Collected(wanted);
      return collected.add({ place, where, text });
    });
  return stopped ? { tooMuch: stopped } : collected;
}

class Collected implements Gathered {
  readonly lists: Partial<Record<Place, string[][]>> = {};
  readonly #where = new Map<Place, string[]>();
  readonly #seen = new Set<string>();
  readonly #wanted: ReadonlySet<Place>;
  #strings = 0;
  #units = 0;

  constructor(wanted: ReadonlySet<Place>) {
    this.#wanted = wanted;
  }

  /** @returns false when it is too much, and what was gathered is not everything */
  add({ place, where, text }: Judged): boolean {
    if (!this.#wanted.has(place) && !this.#wanted.has('shell')) return true;
    // What repeats, as ids and names in a batch do, is judged once.
    const key = `${place} ${text}`;
    if (this.#seen.has(key)) return true;
    this.#seen.add(key);
    if (this.#units + text.length > mostUnits) return false;
    const { texts, shell } = viewsOf(text);
    for (const view of texts) if (!this.#put(place, where, view)) return false;
    return shell === undefined || this.#put('shell', where, shell);
  }

  where(place: Place, list: number, index: number): string {
    return this.#where.get(place)?.[list * listLength + index] ?? 'request';
  }

  #put(place: Place, where: string, text: string): boolean {
    if (!this.#wanted.has(place)) return true;
    for (const piece of piecesOf(text)) {
      this.#strings += 1;
      this.#units += piece.length;
      if (this.#strings > mostStrings || this.#units > mostUnits) return false;
      this.lists[place] ??= [];
      const lists = this.lists[place];
      const last = lists.at(-1);
      if (last && last.length < listLength) last.push(piece);
      else lists.push([piece]);
      const known = this.#where.get(place);
      if (known) known.push(where);
      else this.#where.set(place, [where]);
    }
    return true;
  }
}
