import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

const kept = 5;

/** What the server says before its own logging begins; in the cluster's root. */
export const startLog = 'start.log';

const logsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /^postgresql-[\d-]+\.log$/.test(name))
    .sort();

/** Deletes all but the newest logs: the server begins a new one at each start and every 10 MB, and keeps them all. */
export function pruneLogs(folder: string): void {
  for (const name of logsIn(folder).slice(0, -kept)) rmSync(path.join(folder, name), { force: true });
}

/** Why the server ended, as it said it last; for people. */
export function lastWords(folder: string): string | undefined {
  const file = path.join(folder, logsIn(folder).at(-1) ?? startLog);
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => /(?:FATAL|PANIC): /.test(line)).at(-1);
}
