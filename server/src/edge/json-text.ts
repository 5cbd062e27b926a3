import { Fault } from '../kernel/index.ts';

/** Deeper than any body that means something; `JSON.parse` takes seconds for millions of levels, and recursion over them ends the stack. */
const deepest = 128;
/** Values and members of one body. `JSON.parse` takes 100 ms for so many, and nobody else is served meanwhile. */
const mostParts = 500_000;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const isOpening = (code: number): boolean => code === 0x5b || code === 0x7b;
const isClosing = (code: number): boolean => code === 0x5d || code === 0x7d;

/**
 * `JSON.parse` for bodies of callers. It refuses what the language allows and two readers understand differently, a member that is given twice:
 * what we inspect must be what whoever gets the bytes will read. And what costs more to parse than any request is worth.
 * @throws Fault `input-invalid`
 */
export function parseJsonText(text: string): unknown {
  const members = countMembers(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Fault('input-invalid', { detail: 'body: not valid JSON.' });
  }
  if (membersOf(value) !== members) throw twice(firstTwice(text));
  return value;
}

/** Where a string ends, from its opening quote: the place after its closing one. */
function afterString(text: string, opening: number): number {
  for (let at = opening; ; ) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let escapes = at;
    while (text.charCodeAt(escapes - 1) === backslash) escapes--;
    if ((at - escapes) % 2 === 0) return at + 1;
  }
}

/** The members that a JSON text writes down, twice or not: its colons outside of strings. */
function countMembers(text: string): number {
  let members = 0;
  let parts = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = afterString(text, at) - 1;
    else if (code === colon) members++;
    else if (code === comma) parts++;
    else if (isOpening(code)) {
      parts++;
      if (++depth > deepest)
        throw new Fault('input-invalid', { detail: `body: nested deeper than ${deepest} levels.` });
    } else if (isClosing(code)) depth--;
    if (parts > mostParts)
      throw new Fault('input-invalid', { detail: `body: more than ${mostParts} values.` });
  }
  return members;
}

/** The members that are left of them. As deep as the text, which is bounded by now. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') members += membersOf(item);
    return members;
  }
  for (const member of Object.values(value))
    members += 1 + (typeof member === 'object' ? membersOf(member) : 0);
  return members;
}

/** The first name that one object of a valid JSON text has twice, by whatever spelling. */
function firstTwice(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = afterString(text, at);
      last = text.slice(at, end);
      at = end - 1;
    } else if (isOpening(code)) open.push(text[at] === '{' ? new Set() : undefined);
    else if (isClosing(code)) open.pop();
    else if (code === colon) {
      const name = JSON.parse(last) as string;
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}

const twice = (name = ''): Fault =>
  new Fault('input-invalid', {
    detail: `body: ${JSON.stringify(name.slice(0, 100))} is given twice in one object.`,
    param: name.slice(0, 100),
  });
