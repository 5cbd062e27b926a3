/** How long the default guards take for one text, by kind and size: one line of JSON on standard output. `npm run bench -- guards` runs it. */
import { quantile } from '../../bench/report/statistics.ts';
import { createGuards, injectionGuard, secretsGuard } from '../src/governance/index.ts';
import { kindsOfText, textsOf } from './texts.ts';

const sizes = [200, 2_000, 20_000];
const count = 1_000;
/** How often each text is judged: the least of its times is what it costs when nobody else has the core. */
const passes = 5;
/** V8 compiles in the background; before, all is slower. */
const warmUpMs = 1_500;

const guards = createGuards({ guards: [injectionGuard, secretsGuard], deadlineMs: 2_000 });

/** @throws Error when a harmless text does not pass: it would be another path that is measured */
function inspect(text: string): void {
  const verdict = guards.inspect([{ channel: 'user', pointer: '/messages/0/content', text }]);
  if (verdict instanceof Promise || verdict.decision !== 'allow')
    throw new Error(`not allowed at once: ${JSON.stringify(verdict)}`);
}

const results = [];
for (const kind of kindsOfText)
  for (const size of sizes) {
    const texts = textsOf(kind, size, count);
    for (const until = performance.now() + warmUpMs; performance.now() < until; )
      for (const text of texts.slice(0, 100)) inspect(text);
    const all: number[] = [];
    const least = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    for (let pass = 0; pass < passes; pass++)
      texts.forEach((text, at) => {
        const began = performance.now();
        inspect(text);
        const ms = performance.now() - began;
        all.push(ms);
        least[at] = Math.min(ms, least[at] ?? ms);
      });
    least.sort();
    const sorted = Float64Array.from(all).sort();
    results.push({
      kind,
      size,
      p50Ms: quantile(least, 0.5),
      p99Ms: quantile(least, 0.99),
      p99OfAllMs: quantile(sorted, 0.99),
    });
  }
process.stdout.write(`${JSON.stringify(results)}\n`);
