import { idOf, uuidOf } from '@vallum/contract';
import { type Doors, type Row, sql } from '../../../platform/postgres/index.ts';
import type { KeptException, Level, WafSettings } from '../ports.ts';
import type { Exception, Mode } from '../verdict.ts';

const last = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Modes and exceptions in PostgreSQL. Row-level security shows a scope its tenant's rows and its organization's. */
export function postgresWafSettings({ withTenant }: Pick<Doors, 'withTenant'>): WafSettings {
  return {
    async read(scope) {
      const [tenants = [], modes = [], exceptions = []] = await withTenant(scope, [
        sql`SELECT id FROM tenants WHERE organization_id = app_organization() AND id = app_tenant()`,
        sql`SELECT tenant_id, mode FROM waf_modes WHERE organization_id = app_organization()`,
        sql`SELECT rule, family, route, expires_at FROM waf_exceptions
             WHERE organization_id = app_organization() AND expires_at > now()`,
      ]);
      if (tenants.length === 0) return undefined;
      const of = (row: Row | undefined) => row?.mode as Mode | undefined;
      return {
        modes: {
          organization: of(modes.find((row) => row.tenant_id === null)),
          tenant: of(modes.find((row) => row.tenant_id !== null)),
        },
        exceptions: exceptions.map(coverageOf),
      };
    },
    async setMode(scope, level, mode) {
      const change =
        mode === undefined
          ? sql`DELETE FROM waf_modes WHERE organization_id = app_organization() AND tenant_id IS NOT DISTINCT FROM ${of(level)}`
          : sql`INSERT INTO waf_modes (organization_id, tenant_id, mode) VALUES (app_organization(), ${of(level)}, ${mode})
                ON CONFLICT (organization_id, tenant_id) DO UPDATE SET mode = excluded.mode, changed_at = now()`;
      await withTenant(scope, [change, moved]);
    },
    async exceptions(scope, level, limit, before) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT ${columns} FROM waf_exceptions WHERE organization_id = app_organization() AND tenant_id IS NOT DISTINCT FROM ${of(level)}
               AND id < ${before ? uuidOf(before) : last} ORDER BY id DESC LIMIT ${limit}`,
      ]);
      return rows.map(exceptionOf);
    },
    async exception(scope, level, id) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT ${columns} FROM waf_exceptions
             WHERE organization_id = app_organization() AND tenant_id IS NOT DISTINCT FROM ${of(level)} AND id = ${uuidOf(id)}`,
      ]);
      return rows[0] && exceptionOf(rows[0]);
    },
    async addException(scope, { id, level, rule, family, route, reason, untilMs }, most) {
      const [rows = []] = await withTenant(scope, [
        sql`INSERT INTO waf_exceptions (id, organization_id, tenant_id, rule, family, route, reason, expires_at)
            SELECT ${uuidOf(id)}, app_organization(), ${of(level)}, ${rule ?? null}, ${family ?? null}, ${route ?? null}, ${reason},
                   ${new Date(untilMs).toISOString()}::timestamptz
             WHERE (SELECT count(*) FROM waf_exceptions WHERE organization_id = app_organization()
                       AND tenant_id IS NOT DISTINCT FROM ${of(level)} AND expires_at > now()) < ${most}
            RETURNING ${columns}`,
        moved,
      ]);
      return rows[0] && exceptionOf(rows[0]);
    },
    async removeException(scope, level, id) {
      await withTenant(scope, [
        sql`DELETE FROM waf_exceptions
             WHERE organization_id = app_organization() AND tenant_id IS NOT DISTINCT FROM ${of(level)} AND id = ${uuidOf(id)}`,
        moved,
      ]);
    },
  };
}

const columns = sql`id, tenant_id, rule, family, route, reason, created_at, expires_at`;
/** What processes keep of settings is not true any more. */
const moved = sql`UPDATE control SET epoch = epoch + 1`;
const of = (level: Level) => (level === 'tenant' ? sql`app_tenant()` : sql`NULL::uuid`);

const coverageOf = ({ rule, family, route, expires_at }: Row): Exception => ({
  ...(rule !== null && { rule: rule as string }),
  ...(family !== null && { family: family as string }),
  ...(route !== null && { route: route as string }),
  untilMs: Date.parse(expires_at as string),
});

const exceptionOf = (row: Row): KeptException => ({
  ...coverageOf(row),
  id: idOf('exception', row.id as string),
  level: row.tenant_id === null ? 'organization' : 'tenant',
  reason: row.reason as string,
  createdAt: row.created_at as string,
});
