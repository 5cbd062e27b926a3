import type { Caller, Exchange } from '../kernel/index.ts';
import { type AddressLists, type RefuseAddress, refusedBy } from './addresses/index.ts';

interface ScreeningParts {
  /** Who may come at all: lists of the operator; undefined where there are none. */
  readonly lists: () => AddressLists | undefined;
  readonly refuse: RefuseAddress;
  /** From where the credentials of an organization may be used. */
  readonly organizations: { check(caller: Caller, address: string): void | Promise<void> };
  readonly addressRates: {
    check(address: string): void;
    countAnonymous(address: string): void;
    takeAuthenticated(address: string): void;
  };
  readonly rates: { take(x: Exchange): void | Promise<void> };
}

export interface Screening {
  /** Before anything is read: who may not come, and who comes too often without a credential. */
  screen(x: Exchange): void;
  /** As soon as it is known who calls: from where they may, and how often. */
  limit(x: Exchange): void | Promise<void>;
}

/** Who is turned away for where they come from, or for how often. */
export function createScreening(parts: ScreeningParts): Screening {
  const { lists, refuse, organizations, addressRates, rates } = parts;
  return {
    screen(x) {
      const { address } = x.arrival;
      const now = lists();
      const list = now && refusedBy(now, address);
      if (list !== undefined) refuse(list);
      addressRates.check(address);
      x.whenOver(() => {
        if (!x.caller) addressRates.countAnonymous(address);
      });
    },
    limit(x) {
      if (!x.caller) return undefined;
      const { address } = x.arrival;
      addressRates.takeAuthenticated(address);
      const asking = organizations.check(x.caller, address);
      return asking === undefined ? rates.take(x) : asking.then(() => rates.take(x));
    },
  };
}
