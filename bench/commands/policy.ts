import { runScript } from '../processes/script.ts';
import { circumstances } from '../report/machine.ts';
import { atMost, budgetTable, figure, table } from '../report/markdown.ts';

/** In µs. */
interface Times {
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}

/** What a decision takes among many policies. */
export async function policy(): Promise<string> {
  const { policyCount, fresh, kept } = await runScript<{
    policyCount: number;
    fresh: Times;
    kept: Times;
  }>('policy');
  return [
    circumstances('In process, one thread.'),
    budgetTable([
      atMost(`a decision among ${policyCount} policies, kept, CPU`, kept.cpu, 2, ' µs'),
      atMost(`a decision among ${policyCount} policies, not kept, CPU`, fresh.cpu, 150, ' µs'),
    ]),
    table(
      ['decision', 'CPU µs', 'p50 µs', 'p99 µs'],
      [
        ['kept', figure(kept.cpu), figure(kept.p50), figure(kept.p99)],
        ['not kept', figure(fresh.cpu), figure(fresh.p50), figure(fresh.p99)],
      ],
    ),
  ].join('\n\n');
}
