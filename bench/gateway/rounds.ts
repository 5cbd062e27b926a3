import type { Child } from '../processes/child.ts';
import { say } from '../report/say.ts';
import { median } from '../report/statistics.ts';
import { type Cell, nameOf } from './cells.ts';
import type { Contender } from './contender.ts';
import { type Measurement, measure, problemWith } from './measure.ts';

export interface Effort {
  /** How often every server is measured under each load. */
  readonly rounds: number;
  /** How long each time. */
  readonly ms: number;
  /** How long each server runs before anything counts, at the least and at the most. */
  readonly warmUpMs: readonly [least: number, most: number];
}

/** All rounds of one load: by server, in order of the rounds, or why there are none. */
export interface CellResult {
  readonly cell: Cell;
  readonly measured: ReadonlyMap<string, readonly Measurement[]>;
  readonly problems: ReadonlyMap<string, string>;
}

/**
 * Measures every server under one load in turns (A B C D, A B C D, …), so that whatever else the machine does meets all of them, and ratios
 * within a round are worth more than the figures that they are made of.
 */
export async function runCell(
  load: Child,
  contenders: readonly Contender[],
  cell: Cell,
  { rounds, ms }: Effort,
): Promise<CellResult> {
  const measured = new Map<string, Measurement[]>();
  const problems = new Map<string, string>();
  for (const contender of contenders) {
    const problem = await problemWith(load, contender, cell);
    if (problem) problems.set(contender.name, problem);
  }
  for (let round = 1; round <= rounds; round++) {
    say(`${nameOf(cell)}: round ${round} of ${rounds}`);
    for (const contender of contenders) {
      if (problems.has(contender.name)) continue;
      try {
        const result = await measure(load, contender, cell, ms);
        measured.set(contender.name, [...(measured.get(contender.name) ?? []), result]);
      } catch (error) {
        problems.set(contender.name, (error as Error).message);
        measured.delete(contender.name);
      }
    }
  }
  return { cell, measured, problems };
}

const stepMs = 2_000;
/** CPU per request that moves by less from one step to the next has settled. */
const settled = 0.05;

/**
 * Runs a server until V8 has compiled what is hot: until its CPU per request stands still.
 * @returns whether it did within its time
 */
export async function warmUp(
  load: Child,
  contender: Contender,
  cells: readonly Cell[],
  { warmUpMs: [leastMs, mostMs] }: Effort,
): Promise<boolean> {
  const began = performance.now();
  const last = new Map<Cell, number>();
  for (;;) {
    let moved = 0;
    for (const cell of cells) {
      if (await problemWith(load, contender, cell)) continue;
      const { cpuMicros } = await measure(load, contender, cell, stepMs);
      moved = Math.max(moved, Math.abs(1 - cpuMicros / (last.get(cell) ?? Number.POSITIVE_INFINITY)));
      last.set(cell, cpuMicros);
    }
    const elapsed = performance.now() - began;
    if (elapsed > leastMs && moved < settled) return true;
    if (elapsed > mostMs) return false;
  }
}

/** A server's median of something over the rounds. @returns undefined when it was not measured */
export function over(
  { measured }: CellResult,
  name: string,
  pick: (measurement: Measurement) => number | undefined,
): number | undefined {
  const values = (measured.get(name) ?? []).map(pick).filter((value) => value !== undefined);
  return values.length > 0 ? median(values) : undefined;
}

/** The median over the rounds of one server's figure against another's in the same round. */
export function ratio(
  { measured }: CellResult,
  [name, against]: readonly [string, string],
  pick: (measurement: Measurement) => number,
): number | undefined {
  const base = measured.get(against) ?? [];
  const ratios = (measured.get(name) ?? []).flatMap((each, round) => {
    const other = base[round];
    return other && pick(other) > 0 ? [pick(each) / pick(other)] : [];
  });
  return ratios.length > 0 ? median(ratios) : undefined;
}
