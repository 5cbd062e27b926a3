import { Fault } from '../kernel/index.ts';
import { InFlight } from './in-flight.ts';

interface Held {
  readonly name: string;
  readonly began: number;
  readonly reject: (late: Fault) => void;
}

/** How often it is looked who is late, as a share of the time that they have. */
const looks = 10;

/** Ends what takes too long. One timer looks after all of it: a timer of its own for each step of each request would cost more than the step. */
export interface Deadline {
  /** @returns what `work` does, or a rejection with a Fault `unavailable` that names it, once its time is over. */
  hold(work: Promise<void>, name: string): Promise<void>;
}

/** @param ms what work may take; it may get a tenth more. */
export function createDeadline(ms: number): Deadline {
  const held = new InFlight<Held>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    const now = performance.now();
    for (let one = held.first; one && now - one.what.began >= ms; one = held.first) {
      held.remove(one);
      const { name, reject } = one.what;
      reject(new Fault('unavailable', { because: `${name} passed its deadline of ${ms} ms` }));
    }
    if (held.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    hold: (work, name) =>
      new Promise((resolve, reject) => {
        const one = held.add({ name, began: performance.now(), reject });
        timer ??= setInterval(look, Math.ceil(ms / looks));
        work.then(
          () => {
            held.remove(one);
            resolve();
          },
          (error: unknown) => {
            held.remove(one);
            reject(error);
          },
        );
      }),
  };
}
