import {
  type Lease,
  type LeaseRequest,
  type RateScope,
  type RateStore,
  slotMs,
  slotsInWindow,
} from '../ports.ts';

/** What the store keeps of one rate. */
export interface Kept {
  readonly slot: number;
  /** By slot, newest first. */
  readonly granted: readonly number[];
}

export const nothingKept: Kept = { slot: 0, granted: new Array<number>(slotsInWindow).fill(0) };

/** What the store does, written a second time: for the database to be held against, and for simulations to run on. */
export function leaseAt(
  kept: Kept,
  atMs: number,
  { limit, want, unused }: Omit<LeaseRequest, 'name'>,
): { readonly kept: Kept; readonly lease: Lease } {
  const bySlot = new Map(kept.granted.map((granted, age) => [kept.slot - age, granted]));
  const back = unused && bySlot.get(unused.slot);
  if (unused && back !== undefined) bySlot.set(unused.slot, Math.max(0, back - unused.count));
  const slot = Math.floor(atMs / slotMs);
  // A clock that was set back takes what was leased with it.
  const moved = Math.max(kept.slot - slot, 0);
  const granted = kept.granted.map((_, age) => bySlot.get(slot - age + moved) ?? 0);
  const used = granted.reduce((sum, each) => sum + each, 0);
  const given = Math.max(0, Math.min(want, limit - used));
  granted[0] = (granted[0] ?? 0) + given;
  const past = atMs % slotMs;
  const oldest = granted.findLastIndex((each) => each > 0);
  return {
    kept: { slot, granted },
    lease: {
      slot,
      granted: given,
      remaining: Math.max(0, limit - used - given),
      endsInMs: slotMs - 1 - past,
      moreInMs: oldest < 0 ? slotMs : (slotsInWindow - oldest) * slotMs - past,
    },
  };
}

interface SimulatedStoreParts {
  /** The store's own time in ms, and what passes on the way to it and back. */
  readonly nowMs: () => number;
  readonly travel: () => Promise<void>;
  /** Asked before each lease: what it throws is the answer; with `late` the store has done it all the same. */
  readonly fault?: () => { readonly error: unknown; readonly late: boolean } | undefined;
}

/** A store in memory on a clock that a test moves. */
export function simulatedStore({
  nowMs,
  travel,
  fault = () => undefined,
}: SimulatedStoreParts): RateStore & { readonly asked: () => number } {
  const rows = new Map<string, Kept>();
  let asked = 0;
  return {
    asked: () => asked,
    async lease({ tenant }: RateScope, request: LeaseRequest) {
      asked++;
      await travel();
      const failure = fault();
      if (failure && !failure.late) throw failure.error;
      const row = `${tenant} ${request.name}`;
      const { kept, lease } = leaseAt(rows.get(row) ?? nothingKept, nowMs(), request);
      rows.set(row, kept);
      if (failure) throw failure.error;
      await travel();
      return lease;
    },
  };
}
