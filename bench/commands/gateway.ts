import { allCells, fewCells, instant, nameOf, slow } from '../gateway/cells.ts';
import { startCommittingPassthrough, startPassthrough } from '../gateway/passthroughs.ts';
import { startPortkey } from '../gateway/portkey.ts';
import { gatewayReport } from '../gateway/report.ts';
import { type CellResult, type Effort, runCell } from '../gateway/rounds.ts';
import { warmUpAll, withSuite } from '../gateway/suite.ts';
import { startVallumContender } from '../gateway/vallum.ts';
import { sharing } from '../processes/cores.ts';
import { threadTimes } from '../processes/cpu.ts';
import { circumstances } from '../report/machine.ts';
import type { Options } from './options.ts';

const thorough: Effort = { rounds: 5, ms: 2_500, warmUpMs: [15_000, 30_000] };
const brief: Effort = { rounds: 3, ms: 2_000, warmUpMs: [8_000, 12_000] };

/** Vallum between a client and a model, against proxies that do less. @throws Error when `--load` fits none of the loads */
export async function gateway({ quick, load: wanted, profile }: Options): Promise<string> {
  const effort = quick ? brief : thorough;
  const known = quick && wanted === undefined ? fewCells : allCells;
  const cells = known.filter((cell) => nameOf(cell).includes(wanted ?? ''));
  if (cells.length === 0)
    throw new Error(`--load ${wanted} is in none of these names:\n${known.map(nameOf).join('\n')}`);
  const kinds = [false, true].filter((stream) => cells.some((cell) => cell.stream === stream));
  const warm = kinds.map((stream) => ({ stream, connections: 32, model: instant }));

  const starts = [
    startPassthrough,
    startCommittingPassthrough,
    (port: number) => startVallumContender(port, [instant, slow], profile),
    startPortkey,
  ];
  return withSuite(starts, async (suite) => {
    const notes = await warmUpAll(suite, warm, effort);
    const results: CellResult[] = [];
    for (const cell of cells) results.push(await runCell(suite.load, suite.contenders, cell, effort));
    notes.push(`Medians of ${effort.rounds} rounds of ${effort.ms / 1000} s.`);
    const own = suite.contenders.find(({ name }) => name === 'vallum');
    if (profile !== undefined && own)
      notes.push(`CPU of Vallum's threads, in seconds: ${threadTimes(own.pid)}.`);
    return gatewayReport(results, circumstances(sharing()), notes);
  });
}
