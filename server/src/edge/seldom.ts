import type { Clock, Log } from '../kernel/index.ts';

const minuteMs = 60_000;

/** A line of warning at most once a minute for each code, with how often it came since the last: who causes a million does not fill the log. */
export function warnSeldom(log: Log, clock: Clock, event: string): (code: string) => void {
  const told = new Map<string, { atMs: number; unsaid: number }>();
  return (code) => {
    const last = told.get(code);
    const now = clock.now();
    if (last && now - last.atMs < minuteMs) {
      last.unsaid++;
      return;
    }
    told.set(code, { atMs: now, unsaid: 0 });
    log.warn(event, { code, count: (last?.unsaid ?? 0) + 1 });
  };
}
