import { type Id, idOf, type Role, uuidOf } from '@vallum/contract';
import { Fault } from '../../kernel/index.ts';
import { type Doors, type Row, sql, sqlState } from '../../platform/postgres/index.ts';
import type { Assignment, Holder, RoleStore } from '../roles/ports.ts';
import { epochMoves, last, only } from './rows.ts';

/** What the database says of a change that would leave an organization without an owner (0007_roles.sql). */
const nobodyOwns = 'VL001';

/** What a change of users or roles failed with, in words for who asked for it. */
export const ownerFault = (error: unknown): unknown =>
  sqlState(error) === nobodyOwns
    ? new Fault('policy-denied', {
        detail:
          'The last owner of the organization stays: make somebody else an owner in every tenant first.',
        cause: error,
      })
    : error;

/** Roles in PostgreSQL, in the scope of their organization. */
export function postgresRoles({ withTenant }: Pick<Doors, 'withTenant'>): RoleStore {
  return {
    async exists(scope, { type, id }) {
      const [rows = []] = await withTenant(scope, [
        type === 'user'
          ? sql`SELECT id FROM users WHERE organization_id = app_organization() AND id = ${uuidOf(id)}`
          : sql`SELECT id FROM service_accounts WHERE tenant_id = app_tenant() AND id = ${uuidOf(id)}`,
      ]);
      return rows.length > 0;
    },
    async page(scope, holder, { limit, before, tenant }) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT ${columns} FROM role_assignments WHERE ${isHolder(holder)}
               AND id < ${before ? uuidOf(before) : last} AND (${tenant === undefined} OR tenant_id = ${tenant ? uuidOf(tenant) : null}::uuid)
             ORDER BY id DESC LIMIT ${limit}`,
      ]);
      return rows.map(assignmentOf);
    },
    async held(scope, holder) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT DISTINCT role, tenant_id FROM role_assignments WHERE ${isHolder(holder)}`,
      ]);
      return rows.map((row) => ({ role: row.role as string, tenant: tenantOf(row) }));
    },
    async find(scope, holder, id) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT ${columns} FROM role_assignments WHERE ${isHolder(holder)} AND id = ${uuidOf(id)}`,
      ]);
      return rows[0] && assignmentOf(rows[0]);
    },
    async assign(scope, { id, holder, role, tenant }) {
      const [rows = []] = await withTenant(scope, [
        sql`INSERT INTO role_assignments (id, organization_id, principal_type, principal_id, role, tenant_id)
            VALUES (${uuidOf(id)}, app_organization(), ${holder.type}, ${uuidOf(holder.id)}, ${role}, ${tenant && uuidOf(tenant)})
            RETURNING ${columns}`,
        // What is believed of them is less than they may now.
        epochMoves,
      ]);
      return assignmentOf(only(rows));
    },
    async remove(scope, holder, id) {
      try {
        await withTenant(scope, [
          sql`DELETE FROM role_assignments WHERE ${isHolder(holder)} AND id = ${uuidOf(id)}`,
          epochMoves,
        ]);
      } catch (error) {
        throw ownerFault(error);
      }
    },
    async hasOtherOwner(scope, { id }) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT a.id FROM role_assignments a JOIN users u ON u.organization_id = a.organization_id AND u.id = a.principal_id
             WHERE a.organization_id = app_organization() AND a.principal_type = 'user' AND a.role = 'owner' AND a.tenant_id IS NULL
               AND a.origin = 'assigned' AND u.disabled_at IS NULL AND u.id <> ${uuidOf(id)} LIMIT 1`,
      ]);
      return rows.length > 0;
    },
  };
}

const columns = sql`id, principal_type, principal_id, role, tenant_id, origin, created_at`;

const isHolder = ({ type, id }: Holder) =>
  sql`organization_id = app_organization() AND principal_type = ${type} AND principal_id = ${uuidOf(id)}`;

const tenantOf = (row: Row): Id<'tenant'> | null =>
  row.tenant_id === null ? null : idOf('tenant', row.tenant_id as string);

const assignmentOf = (row: Row): Assignment => ({
  id: idOf('assignment', row.id as string),
  holder:
    row.principal_type === 'user'
      ? { type: 'user', id: idOf('user', row.principal_id as string) }
      : { type: 'service', id: idOf('service', row.principal_id as string) },
  role: row.role as Role,
  tenant: tenantOf(row),
  origin: row.origin as Assignment['origin'],
  createdAt: row.created_at as string,
});
