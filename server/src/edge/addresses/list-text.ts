import type { RangeBuilder } from './ranges.ts';

/** More are not kept in memory: a list of everybody is a mistake. */
const mostEntries = 2_000_000;

/**
 * Adds what a list file holds: an address or a CIDR a line; `#` or `;` and what follows is a comment.
 * @returns the number of the first line that is wrong, and why; what that line says is not in it.
 */
export function addLines(text: string, to: RangeBuilder): string | undefined {
  let number = 0;
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    number++;
    const line = text.slice(at, end);
    const comment = line.search(/[#;]/);
    const entry = (comment < 0 ? line : line.slice(0, comment)).trim();
    at = end + 1;
    if (entry === '') continue;
    const problem = to.add(entry);
    if (problem) return `line ${number} ${problem}`;
    if (to.count() > mostEntries) return `line ${number} is beyond the ${mostEntries} that a list may have`;
  }
  return undefined;
}
