import { type Clock, Fault } from '../../kernel/index.ts';
import { networkOf } from '../addresses/address.ts';
import { forgetOldest } from './names.ts';

interface AddressRatesParts {
  readonly clock: Clock;
  readonly windowMs: number;
  /** Of one address in a window, each. */
  readonly limits: { readonly anonymous: number; readonly authenticated: number };
  readonly namesKept?: number;
}

interface Window {
  /** Unix ms. */
  readonly began: number;
  anonymous: number;
  authenticated: number;
}

/**
 * Counts by address (IPv6 by /64) in windows that begin with its first request; an address that is over is refused for the rest of its window. In this process only:
 * who floods us must cost nobody a question to a database. Bounded in addresses, oldest forgotten first.
 */
export function createAddressRates({ clock, windowMs, limits, namesKept = 100_000 }: AddressRatesParts): {
  /** @throws Fault `rate-limited` when the address has used up what it may without a valid credential; then it may nothing any more */
  check(address: string): void;
  /** Counts a request of nobody we know. */
  countAnonymous(address: string): void;
  /** Counts a request of a caller. @throws Fault `rate-limited` when there were too many */
  takeAuthenticated(address: string): void;
} {
  const windows = new Map<string, Window>();

  function current(network: string): Window | undefined {
    const window = windows.get(network);
    return window && clock.now() - window.began < windowMs ? window : undefined;
  }

  function opened(network: string): Window {
    const window = { began: clock.now(), anonymous: 0, authenticated: 0 };
    windows.delete(network);
    windows.set(network, window);
    forgetOldest(windows, namesKept);
    return window;
  }

  const refused = (which: string, { began }: Window): Fault =>
    new Fault('rate-limited', {
      detail: `Too many ${which} requests from this address.`,
      retryAfterSeconds: Math.max(1, Math.ceil((began + windowMs - clock.now()) / 1_000)),
    });

  return {
    check(address) {
      const window = current(networkOf(address));
      if (window && window.anonymous >= limits.anonymous) throw refused('failed or anonymous', window);
    },
    countAnonymous(address) {
      const network = networkOf(address);
      (current(network) ?? opened(network)).anonymous++;
    },
    takeAuthenticated(address) {
      const network = networkOf(address);
      const window = current(network) ?? opened(network);
      if (window.authenticated >= limits.authenticated) throw refused('authenticated', window);
      window.authenticated++;
    },
  };
}
