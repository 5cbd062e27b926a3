import type { LedgerEntry } from '@vallum/contract';
import { type Clock, type Exchange, type NewEntry, newId } from '../kernel/index.ts';

type Change = NonNullable<LedgerEntry['change']>;

/** The ledger entry of a change: by whom, in which request, from what, to what. Names that people chose are committed, not written. */
export function changeEntry(x: Exchange, clock: Clock, change: Change, name?: string): NewEntry {
  const { principal, tenant } = x.who;
  const now = clock.now();
  return {
    entry: {
      action: x.route.action,
      at: new Date(now).toISOString(),
      change,
      id: newId('entry', now),
      kind: 'change',
      phase: 0,
      principal: { id: principal.id, type: principal.type },
      request: x.id,
      tenant,
      v: 1,
    },
    ...(name !== undefined && { fields: [{ name: 'name', value: name }] }),
  };
}
