import { type Clock, Fault, type Log } from '../../kernel/index.ts';

/** One answer, whichever list it was: who is refused learns nothing about the lists. */
const refusal = (): Fault =>
  new Fault('address-refused', {
    detail:
      'The address that you call from may not use this service. Ask its operator, or call from another network.',
  });

/** Refuses an address. @param list which refused it, for the operator. */
export type RefuseAddress = (list: string) => never;

const minuteMs = 60_000;

/** Refuses, and says in the log which list it was: once a minute for each, with how often it came since, and never the address. */
export function createAddressRefusal(log: Log, clock: Clock): RefuseAddress {
  const told = new Map<string, { atMs: number; unsaid: number }>();
  return (list) => {
    const now = clock.now();
    const last = told.get(list);
    if (last && now - last.atMs < minuteMs) last.unsaid++;
    else {
      told.set(list, { atMs: now, unsaid: 0 });
      log.warn('addresses were refused', { code: list, count: (last?.unsaid ?? 0) + 1 });
    }
    throw refusal();
  };
}
