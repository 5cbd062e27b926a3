import type { Clock } from '../../../kernel/index.ts';

/** Time that passes when a test says so. What happens in it happens in its order, whatever the machine does. */
export interface Simulation {
  /** Simulated ms since the start. */
  now(): number;
  /** A clock that began at another time than the simulation, as those of processes do. */
  clock(beganMs: number): Clock;
  /** Resolves so many simulated ms from now. */
  pass(ms: number): Promise<void>;
  /** Does something at a time. */
  at(ms: number, act: () => void): void;
  /** Lets everything happen that is due, and what comes of it. */
  run(): Promise<void>;
}

/** Everything that promises have made ready has run when this resolves. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function simulation(): Simulation {
  const due: { readonly at: number; readonly order: number; readonly act: () => void }[] = [];
  let now = 0;
  let order = 0;
  const at = (ms: number, act: () => void): void => void due.push({ at: ms, order: order++, act });
  return {
    now: () => now,
    clock: (beganMs) => ({ now: () => beganMs + now, micros: () => (beganMs + now) * 1_000 }),
    pass: (ms) => new Promise((resolve) => at(now + ms, resolve)),
    at,
    async run() {
      await settled();
      while (due.length > 0) {
        due.sort((a, b) => b.at - a.at || b.order - a.order);
        const next = due.pop();
        if (!next) return;
        now = Math.max(now, next.at);
        next.act();
        await settled();
      }
    },
  };
}
