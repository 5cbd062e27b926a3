import type { KeyId } from '@vallum/contract';
import type { Clock, Service } from '../../kernel/index.ts';
import type { Scope } from '../ports.ts';
import type { KeyStore, KeyUse } from './ports.ts';

interface LastUsedParts {
  readonly store: Pick<KeyStore, 'markUsed'>;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

export interface LastUsed {
  /** For one key that is believed: notes that it is used now. Takes a comparison, but once a minute. */
  of(key: KeyId, scope: Scope): (nowMs: number) => void;
  /** Writes what has been noted, every few seconds and at a stop. */
  readonly service: Service;
}

const minuteMs = 60_000;
const writeEveryMs = 5_000;

/** When keys were used last: noted in memory, at most once a minute for each, and written in batches, so that no reply waits for it. */
export function createLastUsed({ store, clock, onTrouble }: LastUsedParts): LastUsed {
  let pending = new Map<KeyId, KeyUse>();
  /** Since a key that is believed anew must not be noted anew: those of the last minute. */
  const noted = new Map<KeyId, number>();
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function write(): Promise<void> {
    const uses = pending;
    pending = new Map();
    const old = clock.now() - minuteMs;
    for (const [key, atMs] of noted) if (atMs <= old) noted.delete(key);
    const byTenant = Map.groupBy(uses.values(), ({ tenant }) => tenant);
    for (const ofTenant of byTenant.values()) {
      const [first] = ofTenant;
      if (!first) continue;
      try {
        await store.markUsed(first, ofTenant);
      } catch (error) {
        onTrouble(error);
        // What is noted since is newer.
        for (const use of ofTenant) if (!pending.has(use.key)) pending.set(use.key, use);
      }
    }
  }

  return {
    of(key, { organization, tenant }) {
      let nextMs = 0;
      return (nowMs) => {
        if (nowMs < nextMs) return;
        nextMs = nowMs + minuteMs;
        if ((noted.get(key) ?? 0) + minuteMs > nowMs) return;
        noted.set(key, nowMs);
        pending.set(key, { key, organization, tenant, atMs: nowMs });
      };
    },
    service: {
      name: 'last use of keys',
      async start() {
        timer = setInterval(() => {
          if (pending.size > 0)
            writing ??= write().finally(() => {
              writing = undefined;
            });
        }, writeEveryMs).unref();
      },
      async stop() {
        clearInterval(timer);
        await writing;
        await write();
      },
    },
  };
}
