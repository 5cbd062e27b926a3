import { runScript } from '../processes/script.ts';
import { circumstances } from '../report/machine.ts';
import { atLeast, atMost, budgetTable, figure, table } from '../report/markdown.ts';
import type { Options } from './options.ts';

interface Appended {
  readonly saturated: readonly {
    readonly callers: number;
    readonly perSecond: number;
    readonly cpuMicros: number;
  }[];
  readonly paced: { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number };
  /** One page at a time, each on disk before the next. */
  readonly raw: { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number };
}

/** What one process appends to the ledger, two entries an exchange, each durable, signed and provable when it is answered. */
export async function ledger({ quick }: Options): Promise<string> {
  const { saturated, paced, raw } = await runScript<Appended>('ledger', quick ? '2000' : '6000');
  const rows = saturated.map(({ callers, perSecond, cpuMicros }) => [
    `${callers.toLocaleString('en')} at a time`,
    figure(perSecond),
    figure(perSecond / raw.perSecond),
    figure(cpuMicros),
  ]);
  return [
    circumstances('One process that appends, and the embedded PostgreSQL with everything durable.'),
    `The disk alone, measured after: ${figure(raw.perSecond)} pages a second, each synced before the next (p50 ${figure(raw.p50Ms, ' ms')}, p99 ${figure(raw.p99Ms, ' ms')}).`,
    budgetTable([
      atLeast(
        'durable, signed, provable entries a second, one process, 1,024 callers',
        saturated.at(-1)?.perSecond,
        5_000,
      ),
      atMost('p99 of an append at 1,000 entries a second', paced.p99Ms, 250, ' ms'),
    ]),
    table(['exchanges', 'entries/s', '× syncs of the disk', 'CPU µs/entry'], rows),
    `At a steady ${figure(paced.perSecond)} entries a second: p50 ${figure(paced.p50Ms, ' ms')}, p99 ${figure(paced.p99Ms, ' ms')}.`,
  ].join('\n\n');
}
