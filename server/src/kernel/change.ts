import type { LedgerEntry, RequestId, TenantId } from '@vallum/contract';
import type { Clock } from './clock.ts';
import type { Exchange } from './exchange.ts';
import { newId } from './ids.ts';
import type { NewEntry } from './ports.ts';

type Change = NonNullable<LedgerEntry['change']>;
/** What is personal or chosen by people, by name: committed, not written. */
type Personal = Readonly<Record<string, string>>;

/** Who changes something, and by which request. */
export interface Author {
  readonly principal: NonNullable<LedgerEntry['principal']>;
  readonly tenant: TenantId;
  readonly request?: RequestId;
  readonly action?: string;
}

/** Who makes the request. */
export const authorOf = ({ who: { principal, tenant }, route: { action }, id }: Exchange): Author => ({
  principal,
  tenant,
  action,
  request: id,
});

/** The ledger entry of a change: by whom, in which request, from what, to what. Ids, codes and numbers only. */
export const changeEntry = (x: Exchange, clock: Clock, change: Change, personal?: Personal): NewEntry =>
  changeEntryBy(authorOf(x), clock, change, personal);

/** The same for who is known otherwise than by a credential: somebody who signs in. */
export function changeEntryBy(
  { principal, tenant, request, action }: Author,
  clock: Clock,
  change: Change,
  personal: Personal = {},
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
