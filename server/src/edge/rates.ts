import { type Clock, Fault } from '../kernel/index.ts';

/**
 * A leaky bucket as one number a name (GCRA): `rate` events a minute, all of which may come at once.
 * In this process only; bounded in names, oldest forgotten first.
 */
export function createRate(clock: Clock, namesKept = 100_000) {
  /** Theoretical arrival time by name, in ms. */
  const arrival = new Map<string, number>();
  return {
    /** Takes one. @throws Fault `rate-limited` with the seconds until there is one again. */
    take(name: string, perMinute: number): void {
      const now = clock.now();
      const spacing = 60_000 / perMinute;
      const due = Math.max(arrival.get(name) ?? 0, now);
      const waitMs = due + spacing - now - 60_000;
      if (waitMs > 0) {
        throw new Fault('rate-limited', {
          detail: `This key may make ${perMinute} requests a minute.`,
          retryAfterSeconds: Math.ceil(waitMs / 1000),
        });
      }
      arrival.delete(name);
      arrival.set(name, due + spacing);
      forgetOldest(arrival, namesKept);
    },
  };
}

/** Counts by name in windows that begin with a name's first event; a name that is over is refused for the rest of its window. */
export function createWindowLimit(clock: Clock, limit: number, windowMs: number, namesKept = 100_000) {
  const windows = new Map<string, { began: number; count: number }>();
  const current = (name: string) => {
    const known = windows.get(name);
    return known && clock.now() - known.began < windowMs ? known : undefined;
  };
  return {
    /** @throws Fault `rate-limited` when the name has used up its window. */
    check(name: string): void {
      const window = current(name);
      if (!window || window.count < limit) return;
      throw new Fault('rate-limited', {
        detail: 'Too many failed or anonymous requests from this address.',
        retryAfterSeconds: Math.ceil((window.began + windowMs - clock.now()) / 1000),
      });
    },
    count(name: string): void {
      const window = current(name);
      if (window) {
        window.count++;
        return;
      }
      windows.delete(name);
      windows.set(name, { began: clock.now(), count: 1 });
      forgetOldest(windows, namesKept);
    },
  };
}

function forgetOldest(names: Map<string, unknown>, kept: number): void {
  const oldest = names.size > kept ? names.keys().next() : undefined;
  if (oldest && !oldest.done) names.delete(oldest.value);
}
