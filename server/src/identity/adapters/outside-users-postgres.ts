import { idOf, type Role, type TenantId, uuidOf } from '@vallum/contract';
import { type Doors, sql } from '../../platform/postgres/index.ts';
import type { OutsideUsers } from '../oidc/ports.ts';
import { epochMoves } from './rows.ts';
import { ofOrganization } from './sessions-postgres.ts';

interface AssignmentRow {
  readonly id: string;
  readonly role: Role;
  readonly tenant: string | null;
}

const tenantOf = (uuid: string | null): TenantId | undefined =>
  uuid === null ? undefined : idOf('tenant', uuid);

/** Users of identity providers in PostgreSQL. */
export const postgresOutsideUsers = ({ withTenant }: Pick<Doors, 'withTenant'>): OutsideUsers => ({
  async find(organization, issuer, subject) {
    const [rows = []] = await withTenant(ofOrganization(organization), [
      sql`SELECT u.id, u.disabled_at IS NOT NULL AS disabled,
                 (SELECT coalesce(json_agg(json_build_object('id', a.id, 'role', a.role, 'tenant', a.tenant_id)), '[]')::text FROM role_assignments a
                   WHERE a.organization_id = app_organization() AND a.principal_type = 'user' AND a.principal_id = u.id AND a.origin = 'claims') AS claimed
            FROM users u WHERE u.organization_id = app_organization() AND u.issuer = ${issuer} AND u.subject = ${subject}`,
    ]);
    const [row] = rows;
    if (!row) return undefined;
    const claimed = JSON.parse(row.claimed as string) as AssignmentRow[];
    return {
      id: idOf('user', row.id as string),
      disabled: row.disabled as boolean,
      claimed: claimed.map(({ id, role, tenant }) => ({
        id: idOf('assignment', id),
        role,
        tenant: tenantOf(tenant),
      })),
    };
  },
  async hasEmail(organization, email) {
    const [rows = []] = await withTenant(ofOrganization(organization), [
      sql`SELECT FROM users WHERE organization_id = app_organization() AND email = ${email}`,
    ]);
    return rows.length > 0;
  },
  async create(organization, { id, email, name, issuer, subject }) {
    const [rows = []] = await withTenant(ofOrganization(organization), [
      sql`INSERT INTO users (id, organization_id, email, name, issuer, subject)
          VALUES (${uuidOf(id)}, app_organization(), ${email}, ${name}, ${issuer}, ${subject}) ON CONFLICT DO NOTHING RETURNING id`,
    ]);
    return rows.length > 0;
  },
  async giveRoles(organization, user, roles) {
    await withTenant(
      ofOrganization(organization),
      roles.map(
        ({ id, role, tenant }) =>
          sql`INSERT INTO role_assignments (id, organization_id, principal_type, principal_id, role, tenant_id, origin)
              VALUES (${uuidOf(id)}, app_organization(), 'user', ${uuidOf(user)}, ${role}, ${tenant ? uuidOf(tenant) : null}, 'claims')
              ON CONFLICT DO NOTHING`,
      ),
    );
  },
  async takeRoles(organization, user, assignments) {
    await withTenant(ofOrganization(organization), [
      sql`DELETE FROM role_assignments WHERE organization_id = app_organization() AND principal_id = ${uuidOf(user)} AND origin = 'claims'
             AND id = ANY (${assignments.map(uuidOf)}::uuid[])`,
      epochMoves,
    ]);
  },
  async firstTenant(organization) {
    const [rows = []] = await withTenant(ofOrganization(organization), [
      sql`SELECT id FROM tenants WHERE organization_id = app_organization() ORDER BY environment <> 'production', id LIMIT 1`,
    ]);
    return rows[0] && idOf('tenant', rows[0].id as string);
  },
});
