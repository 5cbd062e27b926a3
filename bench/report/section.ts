import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../../tests/support/vallum.ts';

const file = path.join(repository, 'docs/benchmarks.md');

/** Puts a result in its place in docs/benchmarks.md. @throws Error when there is no place of that name */
export function writeSection(name: string, text: string): void {
  writeFileSync(file, replaceSection(readFileSync(file, 'utf8'), name, text));
}

/** A document with the text between a section's two marks replaced. @throws Error when the marks are not there */
export function replaceSection(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(
      `docs/benchmarks.md has no place for "${name}": put ${begin} and ${end} where it belongs`,
    );
  return `${document.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${document.slice(to)}`;
}
