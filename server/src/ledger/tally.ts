import type { TenantId } from '@vallum/contract';
import { type Clock, type LedgerAppend, newId } from '../kernel/index.ts';

const minuteMs = 60_000;

/**
 * Counts events that are too many, or of callers too unknown, to have an entry each: one entry per tenant, reason and minute, so that a flood cannot fill the ledger.
 */
export function createTally({
  ledger,
  clock,
  onTrouble,
}: {
  ledger: LedgerAppend;
  clock: Clock;
  onTrouble: (error: unknown) => void;
}) {
  let counts = new Map<string, { tenant: TenantId; reason: string; count: number }>();
  let minute = 0;

  async function flush(): Promise<void> {
    const [at, full] = [minute, counts];
    counts = new Map();
    const appended = [...full.values()].map(({ tenant, reason, count }) =>
      ledger.append({
        entry: {
          at: new Date(clock.now()).toISOString(),
          id: newId('entry', clock.now()),
          kind: 'tally',
          phase: 0,
          tally: { count, minute: new Date(at).toISOString(), reason },
          tenant,
          v: 1,
        },
      }),
    );
    for (const result of await Promise.allSettled(appended))
      if (result.status === 'rejected') onTrouble(result.reason);
  }

  return {
    /** @param reason a code of our own, never a word of the caller's: their number bounds the entries of a minute. */
    count(tenant: TenantId, reason: string): void {
      // Read once: two readings may lie on both sides of a minute.
      const now = clock.now();
      const current = now - (now % minuteMs);
      if (current !== minute) {
        if (counts.size > 0) void flush();
        minute = current;
      }
      const name = `${tenant} ${reason}`;
      const known = counts.get(name);
      if (known) known.count++;
      else counts.set(name, { tenant, reason, count: 1 });
    },
    /** Seals what is complete: the minutes before this one. */
    async sweep(): Promise<void> {
      if (counts.size > 0 && clock.now() - minute >= minuteMs) await flush();
    },
    /** Seals everything, also the minute under way. */
    flush,
  };
}

export type Tally = ReturnType<typeof createTally>;
