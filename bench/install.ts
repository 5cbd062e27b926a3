import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { say } from './report/say.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
/** npm's own record of what it has installed there. */
const installed = `${folder}node_modules/.package-lock.json`;

/** What Vallum is measured against is not installed with it: it is here, at the first run. Ends the process when npm cannot. */
export function ensureInstalled(): void {
  if (existsSync(installed) && hasAll()) return;
  say('installing what Vallum is measured against (npm ci --prefix bench)');
  const { status } = spawnSync('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status === 0) return;
  say('bench: npm ci --prefix bench failed: see above');
  process.exit(1);
}

/** Whether each package is there in the version that the lock file names. */
function hasAll(): boolean {
  const versionsIn = (file: string): Record<string, { version?: string }> =>
    (JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, { version?: string }> }).packages;
  const there = versionsIn(installed);
  return Object.entries(versionsIn(`${folder}package-lock.json`)).every(
    ([place, { version }]) => place === '' || there[place]?.version === version,
  );
}
