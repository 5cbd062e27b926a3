import type { OrganizationId, TenantId } from '@vallum/contract';

/** Whose rates. */
export interface RateScope {
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
}

export interface LeaseRequest {
  /** Whose rate it is, as a UUID: a principal's; the nil UUID for the tenant's own. */
  readonly name: string;
  /** Requests in any 60 seconds. */
  readonly limit: number;
  /** How many are wanted; fewer may be granted, down to none. */
  readonly want: number;
  /** What is left of an earlier lease and will not be used any more. */
  readonly unused: { readonly slot: number; readonly count: number } | undefined;
}

/** Requests that a process may let through within one slot. */
export interface Lease {
  /** The number of the slot, by the store's clock. */
  readonly slot: number;
  readonly granted: number;
  /** What the store could still grant to anybody. */
  readonly remaining: number;
  /** How long the slot goes on, in ms, counted from some moment between question and answer. */
  readonly endsInMs: number;
  /** When the oldest of what was granted leaves the window, in ms, in the same way. */
  readonly moreInMs: number;
}

/** How long a slot is. Those that any 60 s touch are 13. */
export const slotMs = 5_000;
export const slotsInWindow = 13;

/** Shares rates among processes: what all of them are granted in any 13 slots in a row, less what they gave back, is at most the limit. */
export interface RateStore {
  /** @throws Fault `unavailable` when nobody can say; something may have been granted then, and must not be used or given back */
  lease(scope: RateScope, request: LeaseRequest): Promise<Lease>;
}
