import type { TenantId } from '@vallum/contract';
import type { Clock, Log } from '../../kernel/index.ts';

const minuteMs = 60_000;
const tenantsKept = 10_000;

/** One line a minute for each tenant whose keys were sent from where they may not be used, with how often since the last. From where is personal, and not told. */
export function createMisplacedLog(log: Log, clock: Clock): (tenant: TenantId) => void {
  const told = new Map<TenantId, { atMs: number; unsaid: number }>();
  return (tenant) => {
    const last = told.get(tenant);
    const now = clock.now();
    if (last && now - last.atMs < minuteMs) {
      last.unsaid++;
      return;
    }
    if (told.size >= tenantsKept) told.clear();
    told.set(tenant, { atMs: now, unsaid: 0 });
    log.warn('an API key was sent from an address that it does not allow', {
      tenant,
      count: (last?.unsaid ?? 0) + 1,
    });
  };
}
