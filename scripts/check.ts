/**
 * `npm run check`: format and lint, types, boundaries, dead code. Runs all of them, says which failed.
 * Arguments pick some: `npm run check -- types`.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

/** Modules that the boundary checker must have seen, as a share of those that exist. */
const seenAtLeast = 0.95;

/** What the boundary checker says of all modules is more than Node takes by default. */
const mostOutputBytes = 64 * 1024 * 1024;

const node = (file: string, ...args: string[]) =>
  spawnSync(process.execPath, [file, ...args], { encoding: 'utf8', maxBuffer: mostOutputBytes });
const show = (result: { status: number | null; stdout: string; stderr: string }): boolean => {
  if (result.status !== 0) process.stdout.write(result.stdout + result.stderr);
  return result.status === 0;
};

function boundaries(): boolean {
  const folders = ['contract/src', 'server/src', 'cli/src', 'tests', 'bench'].filter(
    (folder) => globSync(`${folder}/**/*.ts`).length > 0,
  );
  const cruise = 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs';
  const result = node(cruise, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders);
  if (result.stdout === '') return show(result);
  const report = JSON.parse(result.stdout) as {
    modules: { source: string }[];
    summary: { violations: { rule: { name: string }; from: string; to: string }[] };
  };
  const exist = folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`))
    .filter((file) => !file.includes('node_modules'));
  const seen = new Set(report.modules.map(({ source }) => source));
  const unseen = exist.filter((file) => !seen.has(file));
  for (const { rule, from, to } of report.summary.violations) console.log(`${rule.name}: ${from} → ${to}`);
  if (seen.size < exist.length * seenAtLeast || exist.length === 0) {
    console.log(
      `the boundary checker saw ${exist.length - unseen.length} of ${exist.length} modules, not ${unseen.slice(0, 5).join(', ')}`,
    );
    return false;
  }
  return report.summary.violations.length === 0;
}

const checks: Record<string, () => boolean> = {
  lint: () => show(node('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.')),
  types: () => show(node('node_modules/typescript/bin/tsc', '-p', '.')),
  boundaries,
  dead: () => show(node('node_modules/knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors')),
};

const wanted = process.argv.slice(2);
const failed: string[] = [];
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const ok = check();
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
  if (!ok) failed.push(name);
}
process.exit(failed.length > 0 ? 1 : 0);
