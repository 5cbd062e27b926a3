import { paced, slowlyPaced } from '../gateway/cells.ts';
import type { Contender } from '../gateway/contender.ts';
import { loadOf } from '../gateway/measure.ts';
import { startPassthrough } from '../gateway/passthroughs.ts';
import { startPortkey } from '../gateway/portkey.ts';
import { type CellResult, type Effort, over, ratio, runCell } from '../gateway/rounds.ts';
import { type Suite, warmUpAll, withSuite } from '../gateway/suite.ts';
import { startVallumContender } from '../gateway/vallum.ts';
import type { LoadResult } from '../load/load.ts';
import { sharing } from '../processes/cores.ts';
import { residentBytes } from '../processes/cpu.ts';
import { circumstances } from '../report/machine.ts';
import { atMost, budgetTable, figure, table } from '../report/markdown.ts';
import { say } from '../report/say.ts';
import { streamedEvents } from '../servers/exchange.ts';
import type { Options } from './options.ts';

/** As many events a second for every server, and few enough that each arrives by itself: a server at its end would get several at a time, for the price of one. */
const steady = { stream: true, connections: 24, model: paced };
const crowd = { stream: true, connections: 1_000, model: slowlyPaced };
const thorough: Effort = { rounds: 5, ms: 5_000, warmUpMs: [10_000, 30_000] };
const brief: Effort = { rounds: 3, ms: 3_000, warmUpMs: [6_000, 10_000] };

const megabyte = 2 ** 20;
/** For all of the crowd to connect and ask; each asks once, since an answer takes far longer. */
const arrivalMs = 2_000;
const lookEveryMs = 100;

/** What streams cost when they come as slowly as models make them. */
export async function streams({ quick, profile }: Options): Promise<string> {
  const effort = quick ? brief : thorough;
  const starts = [
    startPassthrough,
    (port: number) => startVallumContender(port, [paced, slowlyPaced], profile),
    startPortkey,
  ];
  return withSuite(starts, async (suite) => {
    const notes = await warmUpAll(suite, [{ ...steady, connections: 64 }], effort);
    const result = await runCell(suite.load, suite.contenders, steady, effort);
    const rows = [];
    for (const contender of suite.contenders) rows.push(await rowOf(suite, contender, result));
    return [
      circumstances(sharing()),
      ...notes,
      `Medians of ${effort.rounds} rounds of ${effort.ms / 1000} s with ${steady.connections} streams at a time of an event every 10 ms; then ${crowd.connections.toLocaleString('en')} streams at once of an event every 100 ms.`,
      [...result.problems].map(([name, reason]) => `- ${name} was not measured: ${reason}.`).join('\n'),
      budgetTable([
        atMost(
          'CPU per event of a stream against the passthrough',
          ratio(result, ['vallum', 'passthrough'], (each) => each.cpuMicros),
          2,
          ' ×',
        ),
      ]),
      table(
        ['server', 'CPU µs/event', '× passthrough', 'MiB before', 'MiB with 1,000 streams', 'KiB/stream'],
        rows,
      ),
    ]
      .filter(Boolean)
      .join('\n\n');
  });
}

async function rowOf({ load }: Suite, contender: Contender, result: CellResult): Promise<string[]> {
  const { name, pid } = contender;
  const cpu = over(result, name, (each) => each.cpuMicros);
  const figures = [
    name,
    figure(cpu !== undefined ? cpu / streamedEvents.length : undefined),
    figure(ratio(result, [name, 'passthrough'], (each) => each.cpuMicros)),
  ];
  say(`${crowd.connections} streams at once: ${name}`);
  const before = residentBytes(pid);
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes(pid));
  }, lookEveryMs);
  const { all, failures } = await load.ask<LoadResult>(loadOf(contender, crowd, arrivalMs));
  clearInterval(timer);
  const [failure] = Object.keys(failures);
  if (failure || all < crowd.connections) return [...figures, '–', failure ?? `${all} streams only`, '–'];
  const perStream = (most - before) / crowd.connections / 1_024;
  return [...figures, figure(before / megabyte), figure(most / megabyte), figure(perStream)];
}
