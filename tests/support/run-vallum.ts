import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { repository } from './vallum.ts';

/** Runs the `vallum` command as a user does. */
export const runVallum = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [path.join(repository, 'cli/bin/vallum.mjs'), ...args], { encoding: 'utf8' });
