import type { Place, Rule } from '../rule.ts';

/** Where callers put text of their own. */
export const anywhere: readonly Place[] = ['path', 'name', 'value', 'cookie', 'agent', 'referer', 'header'];
/** Where a parameter of a program behind us may come from; not browsers' own headers. */
export const parameters: readonly Place[] = ['path', 'name', 'value', 'cookie', 'header'];
/** The same, and each as a shell reads it. */
export const commands: readonly Place[] = [...anywhere, 'shell'];

/** RE2 source as it stands, without JavaScript's escapes. */
export const re = (parts: TemplateStringsArray, ...values: readonly string[]): string =>
  String.raw(parts, ...values);

/** `(?:a|b)` of words written with blanks between them. */
export const oneOf = (words: string): string => `(?:${words.trim().split(/\s+/).join('|')})`;

/** The same in a number of parts: RE2 matches a few hundred words with all their neighbours fast only when they fit its memory. */
export function inParts(words: string, parts: number): string[] {
  const all = words.trim().split(/\s+/);
  const size = Math.ceil(all.length / parts);
  return Array.from({ length: parts }, (_, part) =>
    oneOf(all.slice(part * size, (part + 1) * size).join(' ')),
  );
}

/**
 * Makes rules of one family. A score of 5 refuses by itself: the text is an attack wherever it stands. Less is for what honest text may contain too.
 */
export const rulesOf =
  (family: string) =>
  (id: string, score: number, on: readonly Place[], regex: string): Rule => ({
    id,
    family,
    score,
    all: [{ on: [...on], test: { regex } }],
  });
