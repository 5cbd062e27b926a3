import { hash } from 'node:crypto';
import type { HeadInput } from './input.ts';
import type { Place } from './rule.ts';
import { isUsual } from './usual-headers.ts';

/** Heads in which nothing was found, so that a client that sends the same one again and again is judged once. */
export interface CleanHeads {
  /** What a head is kept under. Two heads have the same only where judging them is the same. */
  keyOf(head: HeadInput): string;
  has(key: string): boolean;
  keep(key: string): void;
}

/** Of one generation; there are two. A digest and its place take about 120 bytes. */
const keptByDefault = 4_096;

/**
 * Headers whose values differ from one request to the next, and of which nothing is judged while they keep their usual shape. They are looked up as clients spell them:
 * in another spelling the value is a part of the key, and the head is judged more often.
 */
const varying = ['authorization', 'x-api-key', 'api-key', 'idempotency-key', 'traceparent', 'x-request-id'];
/** Of this one it is judged whether it is 0. */
const length = 'content-length';

/**
 * Remembers clean heads by a digest of all that is judged of them, with its places: nothing that was sent is kept. Of too many the oldest half goes.
 * @param wanted the places that some rule looks at; a header that a rule names is judged whatever its shape
 */
export function createCleanHeads(wanted: ReadonlySet<Place>, kept = keptByDefault): CleanHeads {
  const unjudged = new Map<string, string>();
  for (const name of [...varying, length])
    if (!wanted.has(`header:${name}`)) for (const spelling of spellings(name)) unjudged.set(spelling, name);
  let young = new Set<string>();
  let old = new Set<string>();

  const clean: CleanHeads = {
    keyOf({ method, path, query, rawHeaders }) {
      // With the number of headers ahead and a line for each part, no two heads have one text: a line end within a part would be a line more, and
      // no head with one is clean.
      let text = `${rawHeaders.length}\n${method}\n${path}\n${query}`;
      for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
        const name = rawHeaders[at] ?? '';
        const value = rawHeaders[at + 1] ?? '';
        const known = unjudged.get(name);
        text += `\n${name}\n${known === undefined ? value : judgedOf(known, value)}`;
      }
      return hash('sha256', text, 'base64');
    },
    has(key) {
      if (young.has(key)) return true;
      if (!old.has(key)) return false;
      clean.keep(key);
      return true;
    },
    keep(key) {
      if (kept === 0) return;
      if (young.size >= kept) {
        old = young;
        young = new Set();
      }
      young.add(key);
    },
  };
  return clean;
}

/** What of such a header's value is judged: nothing, or whether there is a body; all of it where it has another shape. */
function judgedOf(name: string, value: string): string {
  if (!isUsual(name, value)) return `!${value}`;
  return name === length && value === '0' ? '0' : '';
}

/** As Node's and other clients write it. */
const spellings = (name: string): string[] => [
  name,
  name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()),
];
