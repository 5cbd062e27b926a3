import type { Clock, Log } from '../../kernel/index.ts';

const minuteMs = 60_000;

/**
 * One line a minute for each reason and issuer, with how often it came since the last: who sends a million wrong tokens does not fill the log.
 * @param event what happened: `a token was refused`
 */
export function createRefusalLog(
  log: Log,
  clock: Clock,
  event: string,
): (reason: string, issuer?: string) => void {
  const told = new Map<string, { atMs: number; unsaid: number }>();
  return (code, issuer) => {
    const name = `${code} ${issuer}`;
    const last = told.get(name);
    const now = clock.now();
    if (last && now - last.atMs < minuteMs) {
      last.unsaid++;
      return;
    }
    told.set(name, { atMs: now, unsaid: 0 });
    log.warn(event, {
      code,
      count: (last?.unsaid ?? 0) + 1,
      ...(issuer !== undefined && { issuer }),
    });
  };
}
