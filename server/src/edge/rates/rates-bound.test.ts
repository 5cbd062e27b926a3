import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/index.ts';
import { leaseSize } from './allowance.ts';
import { slotMs } from './ports.ts';
import { createSharedRates } from './shared-rates.ts';
import { callerOf, exchangeOf } from './testing/rated-exchange.ts';
import { simulatedStore } from './testing/simulated-store.ts';
import { type Simulation, simulation } from './testing/simulation.ts';

/* What ADR 11 promises of rates, for any number of processes, whatever the network and the store do. */

interface Happening {
  readonly atMs: number;
  readonly process: number;
}

interface Outcome {
  readonly admitted: number[];
  readonly refused: number[];
  readonly unknown: number[];
  /** The most that waited for one answer of the store in one process. */
  readonly waited: number;
}

interface World {
  readonly limit: number;
  readonly processes: number;
  readonly happenings: readonly Happening[];
  /** What the way to the store takes each time, in ms, again and again. */
  readonly travelMs: readonly number[];
  /** Which questions fail, again and again: `before` the store has done anything, or after. */
  readonly faults: readonly ('none' | 'before' | 'after')[];
}

const cycle = <T>(all: readonly T[], otherwise: T): (() => T) => {
  let next = 0;
  return () => all[next++ % all.length] ?? otherwise;
};

/** Plays a world to its end. */
async function play(
  { limit, processes, happenings, travelMs, faults }: World,
  world: Simulation = simulation(),
): Promise<Outcome> {
  const travel = cycle(travelMs, 0);
  const fault = cycle(faults, 'none');
  const store = simulatedStore({
    nowMs: () => 1_800_000_000_000 + world.now(),
    travel: () => world.pass(travel()),
    fault: () => {
      const which = fault();
      return which === 'none' ? undefined : { error: new Fault('unavailable'), late: which === 'after' };
    },
  });
  const caller = callerOf(limit);
  const doors = Array.from({ length: processes }, (_, i) =>
    createSharedRates({ store, clock: world.clock(1_000_003 * i) }),
  );
  const waiting = doors.map(() => 0);
  const outcome = { admitted: [] as number[], refused: [] as number[], unknown: [] as number[], waited: 0 };
  const judge = (error: unknown): void => {
    if (!(error instanceof Fault)) throw error;
    (error.code === 'rate-limited' ? outcome.refused : outcome.unknown).push(world.now());
  };
  for (const { atMs, process } of happenings) {
    world.at(atMs, () => {
      const door = doors[process % processes];
      if (!door) return;
      try {
        const asking = door.take(exchangeOf(caller));
        if (asking === undefined) {
          outcome.admitted.push(world.now());
          return;
        }
        const count = (waiting[process % processes] ?? 0) + 1;
        waiting[process % processes] = count;
        outcome.waited = Math.max(outcome.waited, count);
        asking
          .then(() => void outcome.admitted.push(world.now()), judge)
          .finally(() => {
            waiting[process % processes] = (waiting[process % processes] ?? 0) - 1;
          });
      } catch (error) {
        judge(error);
      }
    });
  }
  await world.run();
  return outcome;
}

/** The most that were let in within any 60 seconds. */
function busiestMinute(admitted: readonly number[]): number {
  const times = [...admitted].sort((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while ((times[to] ?? 0) - (times[from] ?? 0) >= 60_000) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

const happening = fc.record({ atMs: fc.nat({ max: 190_000 }), process: fc.nat({ max: 3 }) });
/** Many at once, somewhere: what a limit is for. */
const burst = fc
  .tuple(happening, fc.integer({ min: 1, max: 60 }))
  .map(([{ atMs, process }, size]) =>
    Array.from({ length: size }, (_, i) => ({ atMs, process: process + i })),
  );
const happenings = fc
  .array(
    fc.oneof(
      burst,
      happening.map((one) => [one]),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((all) => all.flat());

describe('a rate over all processes', () => {
  it('lets no more than the limit in within any 60 seconds, however slow, late or broken the way to the store is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          limit: fc.integer({ min: 1, max: 120 }),
          processes: fc.integer({ min: 1, max: 4 }),
          happenings,
          travelMs: fc.array(fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 7_000 })), {
            minLength: 1,
            maxLength: 8,
          }),
          faults: fc.array(fc.constantFrom('none', 'none', 'none', 'before', 'after'), {
            minLength: 1,
            maxLength: 8,
          }),
        }),
        async (world) => {
          const { admitted, refused, unknown } = await play(world);
          expect(busiestMinute(admitted)).toBeLessThanOrEqual(world.limit);
          expect(admitted.length + refused.length + unknown.length).toBe(world.happenings.length);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('refuses nobody before the limit is used, but for what one lease in each other process may hold unused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          limit: fc.integer({ min: 1, max: 120 }),
          processes: fc.integer({ min: 1, max: 4 }),
          happenings,
          travelMs: fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 8 }),
          faults: fc.constant(['none'] as const),
        }),
        async (world) => {
          const { admitted, refused, unknown, waited } = await play(world);
          expect(unknown).toEqual([]);
          const held = (world.processes - 1) * Math.max(leaseSize(world.limit), waited);
          for (const at of refused) {
            // The slot under way and the twelve before it, by the store's clock.
            const from = at - (at % slotMs) - 60_000;
            // What the store granted just now may still be on its way to who is let in by it.
            const used = admitted.filter((each) => each >= from && each <= at + 200).length;
            expect(used).toBeGreaterThanOrEqual(world.limit - held);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is had anew in full once 65 seconds have passed', async () => {
    const all = (atMs: number) => Array.from({ length: 100 }, () => ({ atMs, process: 0 }));
    const { admitted, refused } = await play({
      limit: 50,
      processes: 1,
      happenings: [...all(0), ...all(59_000), ...all(65_000)],
      travelMs: [1],
      faults: ['none'],
    });
    expect(admitted.length).toBe(100);
    expect(refused.length).toBe(200);
    expect(admitted.filter((at) => at >= 65_000).length).toBe(50);
  });
});
