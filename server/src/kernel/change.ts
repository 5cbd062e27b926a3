import type { LedgerEntry } from '@vallum/contract';
import type { Clock } from './clock.ts';
import type { Exchange } from './exchange.ts';
import { newId } from './ids.ts';
import type { CommittedField, NewEntry } from './ports.ts';

type Change = NonNullable<LedgerEntry['change']>;

/**
 * The ledger entry of a change: by whom, in which request, from what, to what. Ids, codes and numbers only.
 * @param fields what is personal or chosen by people: committed, not written.
 */
export function changeEntry(
  x: Exchange,
  clock: Clock,
  change: Change,
  fields: readonly CommittedField[] = [],
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
    ...(fields.length > 0 && { fields }),
  };
}
