import { idOf } from '@vallum/contract';
import { type Doors, type Row, sql } from '../../platform/postgres/index.ts';
import type { EntryRow, EntryStore } from '../ports.ts';

const nobody = idOf('organization', '00000000-0000-0000-0000-000000000000');

/** Entries of tenants, through `withTenant`. */
export function postgresEntryStore(doors: Pick<Doors, 'withTenant'>): EntryStore {
  return {
    async positionOf(tenant, uuid, phase) {
      // Entries belong to tenants alone; the log that asks knows no organization.
      const [rows = []] = await doors.withTenant({ organization: nobody, tenant }, [
        sql`SELECT position FROM ledger_entries WHERE tenant_id = app_tenant() AND id = ${uuid} AND phase = ${phase}`,
      ]);
      return rows[0]?.position as number | undefined;
    },
    async requests(scope, limit, before) {
      const [rows = []] = await doors.withTenant(scope, [
        sql`SELECT a.id, a.position, a.record, a.trace, z.position AS last_position, z.record AS last_record, z.trace AS last_trace
              FROM ledger_entries a
              LEFT JOIN ledger_entries z ON z.tenant_id = a.tenant_id AND z.id = a.id AND z.phase = 1
             WHERE a.tenant_id = app_tenant() AND a.phase = 0 AND a.kind IN ('intent', 'refusal')
               AND a.id < ${before ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff'}
             ORDER BY a.id DESC LIMIT ${limit}`,
      ]);
      return rows.map(pairOf);
    },
    async request(scope, uuid) {
      const [rows = []] = await doors.withTenant(scope, [
        sql`SELECT a.id, a.position, a.record, a.trace, z.position AS last_position, z.record AS last_record, z.trace AS last_trace
              FROM ledger_entries a
              LEFT JOIN ledger_entries z ON z.tenant_id = a.tenant_id AND z.id = a.id AND z.phase = 1
             WHERE a.tenant_id = app_tenant() AND a.phase = 0 AND a.kind IN ('intent', 'refusal') AND a.id = ${uuid}`,
      ]);
      return rows[0] && pairOf(rows[0]);
    },
    async at(scope, position) {
      const [rows = []] = await doors.withTenant(scope, [
        sql`SELECT id, position, record, trace FROM ledger_entries WHERE tenant_id = app_tenant() AND position = ${position}`,
      ]);
      return rows[0] && entryOf(rows[0]);
    },
  };
}

const entryOf = (row: Row): EntryRow => ({
  id: row.id as string,
  position: row.position as number,
  record: row.record as Buffer,
  trace: (row.trace as string | null) ?? undefined,
});

const pairOf = (row: Row) => ({
  first: entryOf(row),
  last:
    row.last_position === null
      ? undefined
      : entryOf({ id: row.id, position: row.last_position, record: row.last_record, trace: row.last_trace }),
});
