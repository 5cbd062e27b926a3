import { runScript } from '../processes/script.ts';
import { circumstances } from '../report/machine.ts';
import { atMost, budgetTable, figure, table } from '../report/markdown.ts';

interface Judged {
  readonly kind: string;
  readonly size: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p99OfAllMs: number;
}

/** The most that all guards of the default path may take for a text of so many characters, p99, in ms. */
const limits = new Map([
  [200, 0.08],
  [2_000, 0.4],
  [20_000, 3],
]);

/** What the default guards take for one text. */
export async function guards(): Promise<string> {
  const results = await runScript<Judged[]>('guards');
  const lines = [...limits].map(([size, limit]) =>
    atMost(
      `all default guards, ${size.toLocaleString('en')} characters, p99 of the texts, worst kind of text`,
      Math.max(...results.filter((each) => each.size === size).map(({ p99Ms }) => p99Ms)),
      limit,
      ' ms',
    ),
  );
  const rows = results.map(({ kind, size, p50Ms, p99Ms, p99OfAllMs }) => [
    `${kind}, ${size.toLocaleString('en')} characters`,
    figure(p50Ms),
    figure(p99Ms),
    figure(p99OfAllMs),
  ]);
  return [
    circumstances('In process, one thread.'),
    'A thousand texts of each kind, five times over. The time of a text is the least of its five, which is what it costs on a quiet core; the last column is all five thousand, with whatever else ran on the machine.',
    budgetTable(lines),
    table(['text', 'p50 ms', 'p99 ms', 'p99 ms of all'], rows),
  ].join('\n\n');
}
