import { type Clock, Fault } from '../../kernel/index.ts';
import type { LeaseRequest, RateScope, RateStore } from './ports.ts';

/** A lease is a share of the rate: fewer round trips the larger, and the less is left lying in a process that others could have used. */
const leaseShare = 1 / 20;
/** A lease that comes when its slot is over is worth nothing. So often it is tried again. */
const tries = 3;

/** How many requests one lease is for, where nobody waits for more. */
export const leaseSize = (limit: number): number => Math.max(1, Math.ceil(limit * leaseShare));

/** What one process may still let through of one rate. */
export class Allowance {
  readonly #store: RateStore;
  readonly #clock: Clock;
  readonly #scope: RateScope;
  readonly #name: string;
  /** Of the lease in hand. */
  #slot = 0;
  #left = 0;
  #remaining = 0;
  /** Both by `clock.micros()`. */
  #endsAt = 0;
  #moreAt = 0;
  #pending: Promise<void> | undefined;
  #waiting = 0;

  constructor(store: RateStore, clock: Clock, scope: RateScope, name: string) {
    this.#store = store;
    this.#clock = clock;
    this.#scope = scope;
    this.#name = name;
  }

  /** Takes one, if it is in hand: true. False when the rate is used up; undefined when the store must be asked. @param now by `clock.micros()` */
  take(now: number): boolean | undefined {
    if (this.needs(now)) return undefined;
    // Used up, until this slot ends at least: only then something leaves the window.
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  /** Whether `take` has no answer. */
  needs(now: number): boolean {
    return now >= this.#endsAt || (this.#left === 0 && this.#remaining > 0);
  }

  /** Gives back what has just been taken. */
  putBack(): void {
    this.#left++;
  }

  /** What is still to be had, as far as this process knows: less by what others have leased since. */
  get left(): number {
    return this.#left + this.#remaining;
  }

  /** Seconds until the oldest of what was used leaves the window; 1 at least. */
  secondsToMore(now: number): number {
    return Math.max(1, Math.ceil((this.#moreAt - now) / 1_000_000));
  }

  /** Resolves when the store has been asked; all who wait share one question. @throws Fault `unavailable` when there is no answer */
  async ask(limit: number): Promise<void> {
    this.#waiting++;
    try {
      this.#pending ??= this.#lease(limit).finally(() => {
        this.#pending = undefined;
      });
      await this.#pending;
    } finally {
      this.#waiting--;
    }
  }

  async #lease(limit: number): Promise<void> {
    // All who were woken together and found nothing left join before it is counted how many they are.
    await undefined;
    for (let left = tries; left > 0; left--) {
      const request: LeaseRequest = {
        name: this.#name,
        limit,
        want: Math.max(leaseSize(limit), this.#waiting),
        unused: this.#left > 0 ? { slot: this.#slot, count: this.#left } : undefined,
      };
      // Given back once: where there is no answer, nobody knows whether the store has it.
      this.#left = 0;
      this.#endsAt = 0;
      const asked = this.#clock.micros();
      const { slot, granted, remaining, endsInMs, moreInMs } = await this.#store.lease(this.#scope, request);
      this.#slot = slot;
      this.#left = granted;
      this.#remaining = remaining;
      // Counted from the question: the slot may end later than that, and never sooner.
      this.#endsAt = asked + endsInMs * 1_000;
      this.#moreAt = asked + moreInMs * 1_000;
      if (this.#clock.micros() < this.#endsAt) return;
    }
    throw new Fault('unavailable', { because: 'leases of a rate come later than their slots end' });
  }
}
