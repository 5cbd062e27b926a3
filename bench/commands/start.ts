import { setTimeout as sleep } from 'node:timers/promises';
import { startVallum } from '../../tests/support/vallum.ts';
import { residentBytes } from '../processes/cpu.ts';
import { circumstances } from '../report/machine.ts';
import { atMost, budgetTable, figure, table } from '../report/markdown.ts';
import { say } from '../report/say.ts';
import { median } from '../report/statistics.ts';
import type { Options } from './options.ts';

/** After its start a process still frees what only the start needed. */
const idleMs = 3_000;
const megabyte = 2 ** 20;

/** From the command to the line that says it is ready, on folders that were not there before. */
export async function start({ quick }: Options): Promise<string> {
  const runs = quick ? 3 : 7;
  const [first, second, stop, resident]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let run = 1; run <= runs; run++) {
    say(`start ${run} of ${runs}`);
    const began = performance.now();
    const vallum = await startVallum();
    try {
      first.push((performance.now() - began) / 1_000);
      stop.push(await seconds(() => vallum.stop()));
      second.push(await seconds(() => vallum.start()));
      await sleep(idleMs);
      resident.push(residentBytes(vallum.pid) / megabyte);
    } finally {
      await vallum.remove();
    }
  }
  const row = (name: string, values: readonly number[]) => [
    name,
    figure(median(values)),
    figure(Math.min(...values)),
    figure(Math.max(...values)),
  ];
  return [
    circumstances(`${runs} data folders; by the user ${process.getuid?.() === 0 ? 'root' : 'who ran it'}.`),
    budgetTable([
      atMost('first start until ready, median', median(first), 10, ' s'),
      atMost('second start until ready, median', median(second), 5, ' s'),
      atMost('stop after SIGTERM, median', median(stop), 10, ' s'),
      atMost('resident memory, idle', median(resident), 200, ' MiB'),
    ]),
    table(
      ['', 'median', 'least', 'most'],
      [
        row('first start, s', first),
        row('second start, s', second),
        row('stop, s', stop),
        row('resident memory, idle, MiB', resident),
      ],
    ),
  ].join('\n\n');
}

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1_000;
}
