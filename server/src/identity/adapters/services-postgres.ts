import { idOf, uuidOf } from '@vallum/contract';
import { type Doors, type Row, sql } from '../../platform/postgres/index.ts';
import type { ServiceAccount, ServiceStore } from '../roles/ports.ts';
import { epochMoves, last, only } from './rows.ts';

/** Service accounts in PostgreSQL, in the scope of their tenant. */
export function postgresServices({ withTenant }: Pick<Doors, 'withTenant'>): ServiceStore {
  return {
    async page(scope, limit, before) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT ${columns} FROM service_accounts WHERE tenant_id = app_tenant()
               AND id < ${before ? uuidOf(before) : last} ORDER BY id DESC LIMIT ${limit}`,
      ]);
      return rows.map(serviceOf);
    },
    async find(scope, id) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT ${columns} FROM service_accounts WHERE tenant_id = app_tenant() AND id = ${uuidOf(id)}`,
      ]);
      return rows[0] && serviceOf(rows[0]);
    },
    async create(scope, { id, name }) {
      const [rows = []] = await withTenant(scope, [
        sql`INSERT INTO service_accounts (id, organization_id, tenant_id, name) VALUES (${uuidOf(id)}, app_organization(), app_tenant(), ${name})
            RETURNING ${columns}`,
      ]);
      return serviceOf(only(rows));
    },
    async change(scope, id, { name, disabled }) {
      const [rows = []] = await withTenant(scope, [
        sql`UPDATE service_accounts
               SET name = coalesce(${name ?? null}::text, name),
                   disabled_at = CASE ${disabled ?? null}::boolean WHEN true THEN coalesce(disabled_at, now()) WHEN false THEN NULL ELSE disabled_at END
             WHERE tenant_id = app_tenant() AND id = ${uuidOf(id)} RETURNING ${columns}`,
        ...(disabled === true ? [epochMoves] : []),
      ]);
      return rows[0] && serviceOf(rows[0]);
    },
  };
}

const columns = sql`id, tenant_id, name, created_at, disabled_at`;

const serviceOf = (row: Row): ServiceAccount => ({
  id: idOf('service', row.id as string),
  tenant: idOf('tenant', row.tenant_id as string),
  name: row.name as string,
  createdAt: row.created_at as string,
  disabledAt: (row.disabled_at as string | null) ?? undefined,
});
