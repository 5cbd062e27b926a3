import type { LedgerEntry } from '@vallum/contract';
import { type Clock, type Exchange, type NewEntry, newId } from '../../kernel/index.ts';

/** The ledger entry of a change of the WAF: by whom, in which request, from what, to what. Why somebody did it is committed, not written: people write names there. */
export function wafChange(
  x: Exchange,
  clock: Clock,
  change: NonNullable<LedgerEntry['change']>,
  reason?: string,
): NewEntry {
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
    ...(reason !== undefined && { fields: [{ name: 'reason', value: reason }] }),
  };
}
