import { Fault } from '../kernel/index.ts';

/** One that is running, in a list by when they began. What is taken out refers to nobody any more, so that it keeps nobody alive. */
interface Held {
  readonly name: string;
  readonly began: number;
  readonly reject: (late: Fault) => void;
  before: Held | undefined;
  after: Held | undefined;
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
  let first: Held | undefined;
  let last: Held | undefined;
  let timer: NodeJS.Timeout | undefined;

  function add(held: Held): void {
    held.before = last;
    if (last) last.after = held;
    else first = held;
    last = held;
    timer ??= setInterval(look, Math.ceil(ms / looks));
  }

  function remove(held: Held): void {
    const { before, after } = held;
    if (before) before.after = after;
    else if (first === held) first = after;
    if (after) after.before = before;
    else if (last === held) last = before;
    held.before = undefined;
    held.after = undefined;
  }

  function look(): void {
    const now = performance.now();
    for (let held = first; held && now - held.began >= ms; held = first) {
      remove(held);
      held.reject(new Fault('unavailable', { because: `${held.name} passed its deadline of ${ms} ms` }));
    }
    if (first) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    hold: (work, name) =>
      new Promise((resolve, reject) => {
        const held: Held = { name, began: performance.now(), reject, before: undefined, after: undefined };
        add(held);
        work.then(
          () => {
            remove(held);
            resolve();
          },
          (error: unknown) => {
            remove(held);
            reject(error);
          },
        );
      }),
  };
}
