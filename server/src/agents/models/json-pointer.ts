/** A text to put where a pointer points. */
export interface Replacement {
  /** RFC 6901; with `nameMark` at its end it means the member's name instead of its value. */
  readonly pointer: string;
  /** `null` takes away what stands there. */
  readonly text: string | null;
}

/**
 * Ends a pointer to a member's name, which RFC 6901 cannot say. `~` is followed by 0 or 1 in every valid pointer, so this can be
 * confused with none.
 */
export const nameMark = '~#';

/** A member's name as one step of a pointer. */
export const step = (name: string): string =>
  name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name;

const nameOf = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~');

/** What is to change at one place and below it. */
interface Change {
  text?: string | null;
  name?: string;
  readonly below: Map<string, Change>;
}

/**
 * A copy of a JSON value with some texts replaced; what does not change is shared with it. What is replaced and is not a string, such as a
 * list of tokens that a pointer names as one text, becomes null. No name, `__proto__` included, reaches a prototype.
 * @throws TypeError for a pointer to nothing: a redaction that was not made must stop the exchange.
 */
export function withTexts(value: unknown, replacements: readonly Replacement[]): unknown {
  const root: Change = { below: new Map() };
  for (const { pointer, text } of replacements) {
    const isName = pointer.endsWith(nameMark);
    const steps = (isName ? pointer.slice(0, -nameMark.length) : pointer).split('/');
    if (steps.shift() !== '') throw new TypeError('a pointer starts with a slash');
    let change = root;
    for (const at of steps) {
      const name = nameOf(at);
      const next: Change = change.below.get(name) ?? { below: new Map() };
      change.below.set(name, next);
      change = next;
    }
    if (!isName) change.text = text;
    else if (text !== null) change.name = text;
  }
  if (root.name !== undefined) throw new TypeError('a body has no name');
  return changed(value, root);
}

function changed(value: unknown, change: Change): unknown {
  if (change.text !== undefined) return typeof value === 'string' ? change.text : null;
  if (change.below.size === 0) return value;
  if (Array.isArray(value)) return changedList(value, change);
  if (typeof value !== 'object' || value === null) throw new TypeError('a pointer leads to nothing');
  let renames = false;
  // A copy by spreading has every member as its own, `__proto__` too, so that the assignments below reach no prototype.
  const copy: Record<string, unknown> = { ...value };
  for (const [name, below] of change.below) {
    if (!Object.hasOwn(value, name)) throw new TypeError('a pointer leads to nothing');
    copy[name] = changed(copy[name], below);
    if (below.name !== undefined && below.name !== name) renames = true;
  }
  return renames ? renamed(copy, change) : copy;
}

/** The same members in the same order, some under another name, which is made different from all others. */
function renamed(value: Readonly<Record<string, unknown>>, change: Change): object {
  const entries: [string, unknown][] = [];
  const taken = new Set(Object.keys(value));
  for (const name in value) {
    const wanted = change.below.get(name)?.name ?? name;
    let free = wanted;
    for (let n = 2; free !== name && taken.has(free); n += 1) free = `${wanted}_${n}`;
    taken.add(free);
    entries.push([free, value[name]]);
  }
  return Object.fromEntries(entries);
}

function changedList(list: readonly unknown[], change: Change): unknown[] {
  const copy = [...list];
  for (const [at, below] of change.below) {
    const index = Number(at);
    if (!/^\d+$/.test(at) || index >= list.length || below.name !== undefined)
      throw new TypeError('a pointer leads to nothing');
    copy[index] = changed(list[index], below);
  }
  return copy;
}
