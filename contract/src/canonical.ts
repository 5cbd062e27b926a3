/** A JSON value as RFC 8259 knows it; `undefined` members are left out, as `JSON.stringify` does. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/**
 * Canonical JSON (RFC 8785): members sorted by UTF-16 code units, numbers and strings as ECMAScript writes them.
 * An object whose members are in order already costs one `JSON.stringify`, so build entries in order.
 * @throws TypeError for what RFC 8785 cannot say: numbers that are not finite, strings with lone surrogates.
 */
export function canonical(value: Json): string {
  return sorted(value) ? JSON.stringify(value) : write(value);
}

function sorted(value: Json | undefined): boolean {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('canonical JSON has no lone surrogates');
    return true;
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError('canonical JSON has finite numbers only');
  if (typeof value !== 'object' || value === null) return true;
  if (isList(value)) return everySorted(value);
  let last = '';
  let inOrder = true;
  for (const name in value) {
    // Integer-like names come first in every JavaScript object, whatever their place in code units: '10' < '9'.
    if (name < last) inOrder = false;
    last = name;
    if (!name.isWellFormed()) throw new TypeError('canonical JSON has no lone surrogates');
    if (!sorted(value[name])) inOrder = false;
  }
  return inOrder;
}

function everySorted(list: readonly Json[]): boolean {
  let all = true;
  for (const item of list) if (!sorted(item)) all = false;
  return all;
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** Member by member, since no JavaScript object holds integer-like names in code-unit order. */
function write(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(write).join()}]`;
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [{ name, member }],
  );
  members.sort((a, b) => (a.name < b.name ? -1 : 1));
  return `{${members.map(({ name, member }) => `${JSON.stringify(name)}:${write(member)}`).join()}}`;
}
