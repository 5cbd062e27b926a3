import { setTimeout as sleep } from 'node:timers/promises';

/** Bounds are for what hangs, not for what is slow: nothing here measures time. */
const patienceMs = 60_000;

/**
 * What `ask` gives once it is neither undefined nor false. It may throw meanwhile.
 * @param what for the error: "the database answers again".
 * @throws Error when that does not come within a minute, with what was wrong last.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  limitMs = patienceMs,
): Promise<Exclude<T, undefined | false>> {
  let why: unknown;
  for (const until = Date.now() + limitMs; Date.now() < until; await sleep(20)) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
      why = undefined;
    } catch (error) {
      why = error;
    }
  }
  const last = why instanceof Error ? ` (${why.message})` : '';
  throw new Error(`this did not come in ${limitMs / 1000} s: ${what}${last}`, { cause: why });
}

/** Rejects when a promise takes too long to settle: a test that hangs says where. */
export function within<T>(what: string, promise: Promise<T>, limitMs = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`this did not come in ${limitMs / 1000} s: ${what}`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
