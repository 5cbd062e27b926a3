import type { TenantId } from '@vallum/contract';
import { type Clock, Fault } from '../../../kernel/index.ts';
import { type Doors, sql } from '../../../platform/postgres/index.ts';
import { type RateScope, type RateStore, slotMs, slotsInWindow } from '../ports.ts';

/** How often the rows of a tenant are looked through for those of principals who have not come for long. */
const sweepMs = 10 * 60_000;
const tenantsKept = 10_000;

/** Rates in PostgreSQL: one function call a lease, by the database's clock (ADR 11). */
export function postgresRates({ withTenant }: Pick<Doors, 'withTenant'>, clock: Clock): RateStore {
  const swept = new Map<TenantId, number>();

  function sweepSometimes(scope: RateScope): void {
    const now = clock.now();
    if (now - (swept.get(scope.tenant) ?? 0) < sweepMs) return;
    if (swept.size >= tenantsKept) swept.clear();
    swept.set(scope.tenant, now);
    // Nobody waits for it, and it waits for nobody; what it leaves the next one finds.
    withTenant(scope, [
      sql`DELETE FROM rate_leases WHERE tenant_id = app_tenant() AND name IN (
            SELECT name FROM rate_leases
             WHERE tenant_id = app_tenant() AND slot < extract(epoch FROM now()) * 1000 / ${slotMs} - ${slotsInWindow}
               FOR UPDATE SKIP LOCKED)`,
    ]).catch(() => {});
  }

  return {
    async lease(scope, { name, limit, want, unused }) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT slot, granted, remaining, ends_ms, more_ms
              FROM lease_rate(${name}, ${limit}, ${want}, ${unused?.slot ?? 0}, ${unused?.count ?? 0})`.named(
          'edge_lease_rate',
        ),
      ]);
      sweepSometimes(scope);
      const [row] = rows;
      if (!row) throw new Fault('internal', { because: 'a lease gave no row' });
      return {
        slot: row.slot as number,
        granted: row.granted as number,
        remaining: row.remaining as number,
        endsInMs: row.ends_ms as number,
        moreInMs: (row.more_ms as number | null) ?? slotMs,
      };
    },
  };
}
