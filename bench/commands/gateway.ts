import { allCells, fewCells, instant, slow } from '../gateway/cells.ts';
import { startCommittingPassthrough, startPassthrough } from '../gateway/passthroughs.ts';
import { startPortkey } from '../gateway/portkey.ts';
import { gatewayReport } from '../gateway/report.ts';
import { type CellResult, type Effort, runCell, warmUp } from '../gateway/rounds.ts';
import { startVallumContender } from '../gateway/vallum.ts';
import { startProgram } from '../processes/child.ts';
import { keepApart, sharing } from '../processes/cores.ts';
import { atTheEnd, type Stoppable } from '../processes/together.ts';
import { circumstances } from '../report/machine.ts';
import { say } from '../report/say.ts';
import type { Options } from './options.ts';

const thorough: Effort = { rounds: 5, ms: 4_000, warmUpMs: [15_000, 40_000] };
const brief: Effort = { rounds: 3, ms: 2_000, warmUpMs: [8_000, 12_000] };

/** Vallum between a client and a model, against proxies that do less. */
export async function gateway(options: Options): Promise<string> {
  const effort = options.quick ? brief : thorough;
  const cells = options.quick ? fewCells : allCells;
  return atTheEnd(async (stop) => {
    const keep = <S extends Stoppable>(started: S): S => {
      stop.push(started);
      return started;
    };
    const upstream = keep(await startProgram('servers/upstream.ts'));
    const load = keep(await startProgram('load/load-process.ts'));
    const contenders = [
      keep(await startPassthrough(upstream.port)),
      keep(await startCommittingPassthrough(upstream.port)),
      keep(await startVallumContender(upstream.port, [instant, slow], options.profile)),
      keep(await startPortkey(upstream.port)),
    ];
    keepApart(
      contenders.map(({ pid }) => pid),
      [upstream.pid, load.pid, ...contenders.flatMap(({ postgresPid }) => postgresPid ?? [])],
    );

    const notes: string[] = [];
    const warm = [false, true].map((stream) => ({ stream, connections: 32, model: instant }));
    const unsettled: string[] = [];
    for (const contender of contenders) {
      say(`warming up: ${contender.name}`);
      if (!(await warmUp(load, contender, warm, effort))) unsettled.push(contender.name);
    }
    if (unsettled.length > 0)
      notes.push(
        `After ${effort.warmUpMs[1] / 1000} s of warming up, the CPU per request still moved: ${unsettled.join(', ')}.`,
      );
    const results: CellResult[] = [];
    for (const cell of cells) results.push(await runCell(load, contenders, cell, effort));
    notes.push(`Medians of ${effort.rounds} rounds of ${effort.ms / 1000} s.`);
    return gatewayReport(results, circumstances(sharing()), notes);
  });
}
