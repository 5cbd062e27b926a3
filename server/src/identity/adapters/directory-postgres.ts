import { idOf, uuidOf } from '@vallum/contract';
import { type Environment, Fault } from '../../kernel/index.ts';
import { type Doors, type Row, sql, sqlState } from '../../platform/postgres/index.ts';
import type { Directory, Tenant } from '../ports.ts';
import { insertKey } from './keys-postgres.ts';
import { last, only } from './rows.ts';

const uniqueViolation = '23505';
/** The scope of what belongs to nobody. */
const nobody = {
  organization: idOf('organization', '00000000-0000-0000-0000-000000000000'),
  tenant: idOf('tenant', '00000000-0000-0000-0000-000000000000'),
};

/** Organizations, tenants and keys in PostgreSQL, each reached in its own scope. */
export function postgresDirectory({ withTenant }: Pick<Doors, 'withTenant'>): Directory {
  return {
    async tenants(scope, limit, before) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT id, name, environment, created_at FROM tenants WHERE organization_id = app_organization()
               AND id < ${before ? uuidOf(before) : last} ORDER BY id DESC LIMIT ${limit}`,
      ]);
      return rows.map(tenantOf);
    },
    async tenant(scope) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT id, name, environment, created_at FROM tenants WHERE organization_id = app_organization() AND id = app_tenant()`,
      ]);
      return rows[0] && tenantOf(rows[0]);
    },
    async createTenant(scope, { id, name, environment }) {
      const [rows = []] = await withTenant(scope, [
        sql`INSERT INTO tenants (id, organization_id, name, environment) VALUES (${uuidOf(id)}, app_organization(), ${name}, ${environment})
            RETURNING id, name, environment, created_at`,
      ]);
      return tenantOf(only(rows));
    },
    async firstOrganization() {
      const [rows = []] = await withTenant(nobody, [sql`SELECT organization FROM bootstrap`]);
      return rows[0] && idOf('organization', rows[0].organization as string);
    },
    async bootstrap({ id, name, tenants, admin, keys }) {
      const [first] = tenants;
      if (!first) throw new Fault('internal', { because: 'an organization without a tenant' });
      try {
        await withTenant({ organization: id, tenant: first.id }, [
          // The one row of this table decides who was first; everything after it stands or falls with it.
          sql`INSERT INTO bootstrap (organization) VALUES (${uuidOf(id)})`,
          sql`INSERT INTO organizations (id, name) VALUES (${uuidOf(id)}, ${name})`,
          ...tenants.map(
            (tenant) => sql`INSERT INTO tenants (id, organization_id, name, environment)
                            VALUES (${uuidOf(tenant.id)}, app_organization(), ${tenant.name}, ${tenant.environment})`,
          ),
          sql`INSERT INTO users (id, organization_id, email, password) VALUES (${uuidOf(admin.id)}, app_organization(), ${admin.email}, ${admin.password})`,
          sql`INSERT INTO role_assignments (id, organization_id, principal_type, principal_id, role)
              VALUES (${uuidOf(admin.assignment)}, app_organization(), 'user', ${uuidOf(admin.id)}, 'owner')`,
          ...keys.flatMap((key) => [
            sql`SELECT set_config('app.tenant', ${uuidOf(key.tenant)}, true)`,
            insertKey(key),
          ]),
        ]);
        return true;
      } catch (error) {
        if (sqlState(error) === uniqueViolation) return false;
        throw error;
      }
    },
  };
}

const tenantOf = (row: Row): Tenant => ({
  id: idOf('tenant', row.id as string),
  name: row.name as string,
  environment: row.environment as Environment,
  createdAt: row.created_at as string,
});
