// Names the tests that were skipped in every one of several runs. Usage: node skipped.mjs RUN.json...
import { readFileSync } from 'node:fs';

const runs = process.argv.slice(2).map((file) => {
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
  const names = { ran: [], skipped: [] };
  for (const { name: path, assertionResults } of testResults) {
    // Runs were in folders of their own.
    const suite = /(?:contract|server|cli|tests|bench)\/.*$/.exec(path)?.[0] ?? path;
    for (const { fullName, status } of assertionResults)
      names[status === 'passed' || status === 'failed' ? 'ran' : 'skipped'].push(`${suite}: ${fullName}`);
  }
  return names;
});
const ran = new Set(runs.flatMap((run) => run.ran));
const never = [...new Set(runs.flatMap((run) => run.skipped))].filter((name) => !ran.has(name));
console.log(`${ran.size} tests ran, ${never.length} were skipped in every run`);
for (const name of never) console.log(`  skipped: ${name}`);
process.exit(never.length > 0 || ran.size === 0 ? 1 : 0);
