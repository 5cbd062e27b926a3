import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** The search path of this machine, without what `npm ci` installed: npm puts that first, and it has a `node` of its own. */
export const machinePath = (process.env.PATH ?? '')
  .split(path.delimiter)
  .filter((folder) => folder !== '' && !folder.includes('node_modules'))
  .join(path.delimiter);

/** Every program of this name on the machine's search path. */
export const programs = (name: string): string[] =>
  machinePath
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .filter(isExecutable);

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program to its end. @throws Error with what it printed, unless it exits with 0 */
export function runToEnd(file: string, args: readonly string[], cwd: string, input = ''): string {
  const env = { ...process.env, PATH: machinePath };
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, env, input, encoding: 'utf8' });
  if (error || status !== 0)
    throw new Error(`${file} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`, { cause: error });
  return stdout;
}

/** Says on the terminal that tests are skipped, and why: a suite that passes because it did nothing must say so. */
export function skipping(what: string, why: string): void {
  process.stderr.write(`skipped: ${what}: ${why}\n`);
}
