import { type Child, startProgram } from '../processes/child.ts';
import { keepApart } from '../processes/cores.ts';
import { atTheEnd } from '../processes/together.ts';
import { say } from '../report/say.ts';
import type { Cell } from './cells.ts';
import type { Contender } from './contender.ts';
import { type Effort, warmUp } from './rounds.ts';

/** Everything that runs while servers are measured, each as a process of its own. */
export interface Suite {
  readonly load: Child;
  readonly contenders: readonly Contender[];
}

/** Starts the upstream, the load and the servers, does the work and stops them all, however it ends. */
export function withSuite<T>(
  starts: readonly ((upstreamPort: number) => Promise<Contender>)[],
  work: (suite: Suite) => Promise<T>,
): Promise<T> {
  return atTheEnd(async (stop) => {
    const upstream = await startProgram('servers/upstream.ts');
    stop.push(upstream);
    const load = await startProgram('load/load-process.ts');
    stop.push(load);
    const contenders: Contender[] = [];
    for (const start of starts) {
      const contender = await start(upstream.port);
      stop.push(contender);
      contenders.push(contender);
    }
    keepApart(
      contenders.map(({ pid }) => pid),
      [upstream.pid, load.pid, ...contenders.flatMap(({ postgresPid }) => postgresPid ?? [])],
    );
    return work({ load, contenders });
  });
}

/** Warms all of them up. @returns lines for the report about those that had not settled */
export async function warmUpAll(
  { load, contenders }: Suite,
  cells: readonly Cell[],
  effort: Effort,
): Promise<string[]> {
  const unsettled: string[] = [];
  for (const contender of contenders) {
    say(`warming up: ${contender.name}`);
    if (!(await warmUp(load, contender, cells, effort))) unsettled.push(contender.name);
  }
  if (unsettled.length === 0) return [];
  const seconds = effort.warmUpMs[1] / 1_000;
  return [`After ${seconds} s of warming up, the CPU per request still moved: ${unsettled.join(', ')}.`];
}
