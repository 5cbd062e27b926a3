import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import type { Figure } from './suite.ts';

const file = path.join(import.meta.dirname, '../../docs/soak.md');
const heading = `# Soak runs

Long runs of what \`npm test\` does a little of: \`npm run soak -- NAME --write\` adds a row. A run in which anything did not hold adds none.

| date | suite | revision | machine | figures |
| --- | --- | --- | --- | --- |
`;

/** Adds a run to the record. @returns the file. */
export function record(suite: string, figures: readonly Figure[]): string {
  const columns = [
    new Date().toISOString().slice(0, 10),
    suite,
    revision(),
    machine(),
    figures.map(({ name, value }) => `${name}: ${value}`).join('; '),
  ];
  if (!existsSync(file)) writeFileSync(file, heading);
  appendFileSync(file, `| ${columns.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |\n`);
  return file;
}

/** With a plus sign where files differ from it. */
function revision(): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? '+' : ''}`;
}

function machine(): string {
  const [first] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${first?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${gib} GiB, Node ${process.versions.node}`;
}
