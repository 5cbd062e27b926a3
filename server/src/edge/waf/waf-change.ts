import { type Clock, changeEntry, type Exchange, type NewEntry } from '../../kernel/index.ts';

/** The ledger entry of a change of the WAF. Why somebody did it is committed, not written: people write names there. */
export const wafChange = (
  x: Exchange,
  clock: Clock,
  change: Parameters<typeof changeEntry>[2],
  reason?: string,
): NewEntry => changeEntry(x, clock, change, reason === undefined ? {} : { reason });
