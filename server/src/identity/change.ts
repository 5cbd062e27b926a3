import { type Clock, type Exchange, changeEntry as entryOf, type NewEntry } from '../kernel/index.ts';

/** The ledger entry of a change, with a name that people chose. */
export const changeEntry = (
  x: Exchange,
  clock: Clock,
  change: Parameters<typeof entryOf>[2],
  name?: string,
): NewEntry => entryOf(x, clock, change, name === undefined ? {} : { name });
