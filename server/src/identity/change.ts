import type { LedgerEntry, RequestId, TenantId } from '@vallum/contract';
import { type Clock, type Exchange, type NewEntry, newId } from '../kernel/index.ts';

type Change = NonNullable<LedgerEntry['change']>;

/** Who changes something, and by which request. */
export interface Author {
  readonly principal: NonNullable<LedgerEntry['principal']>;
  readonly tenant: TenantId;
  readonly request?: RequestId;
  readonly action?: string;
}

/** The ledger entry of a change: by whom, in which request, from what, to what. Names that people chose are committed, not written. */
export function changeEntry(x: Exchange, clock: Clock, change: Change, name?: string): NewEntry {
  return changeEntryBy(authorOf(x), clock, change, name === undefined ? {} : { name });
}

/** Who makes the request. */
export const authorOf = ({ who: { principal, tenant }, route: { action }, id }: Exchange): Author => ({
  principal,
  tenant,
  action,
  request: id,
});

/**
 * The same for who is known otherwise than by a credential: somebody who signs in.
 * @param personal values that the entry holds as commitments only, by name.
 */
export function changeEntryBy(
  { principal, tenant, request, action }: Author,
  clock: Clock,
  change: Change,
  personal: Readonly<Record<string, string>> = {},
): NewEntry {
  const now = clock.now();
  const fields = Object.entries(personal).map(([name, value]) => ({ name, value }));
  return {
    entry: {
      ...(action !== undefined && { action }),
      at: new Date(now).toISOString(),
      change,
      id: newId('entry', now),
      kind: 'change',
      phase: 0,
      principal: { id: principal.id, type: principal.type },
      ...(request && { request }),
      tenant,
      v: 1,
    },
    ...(fields.length > 0 && { fields }),
  };
}
