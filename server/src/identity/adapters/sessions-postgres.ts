import { idOf, type OrganizationId, uuidOf } from '@vallum/contract';
import type { Environment } from '../../kernel/index.ts';
import { type Doors, type Row, sql } from '../../platform/postgres/index.ts';
import type { Session, SessionStore, SessionsOf, SignInMethod } from '../sessions/ports.ts';
import { epochMoves } from './rows.ts';

/** What belongs to an organization and to none of its tenants is reached in the scope of no tenant. */
export const ofOrganization = (organization: OrganizationId) => ({
  organization,
  tenant: idOf('tenant', '00000000-0000-0000-0000-000000000000'),
});

/** For a parameter that is a time. */
export const timeOf = (ms: number): string => new Date(ms).toISOString();

/** Sessions in PostgreSQL. */
export const postgresSessions = ({
  withTenant,
  lookupSession,
}: Pick<Doors, 'withTenant' | 'lookupSession'>): SessionStore => ({
  async lookup(hash) {
    const row = await lookupSession(hash);
    if (!row) return undefined;
    return {
      id: idOf('session', row.id as string),
      organization: idOf('organization', row.organization_id as string),
      tenant: idOf('tenant', row.tenant_id as string),
      environment: row.environment as Environment,
      user: idOf('user', row.user_id as string),
      roles: row.roles as string[],
      organizationRoles: row.organization_roles as string[],
      createdAtMs: Date.parse(row.created_at as string),
      seenAtMs: Date.parse(row.seen_at as string),
      expiresAtMs: Date.parse(row.expires_at as string),
      revoked: row.revoked_at !== null,
      disabled: row.disabled_at !== null,
      oneTime: row.one_time as boolean,
    };
  },
  async insert({ id, organization, tenant, user, method, client, createdAtMs, seenAtMs, expiresAtMs }, hash) {
    await withTenant(ofOrganization(organization), [
      sql`INSERT INTO sessions (id, organization_id, tenant_id, user_id, hash, method, client, created_at, seen_at, expires_at)
          VALUES (${uuidOf(id)}, app_organization(), ${uuidOf(tenant)}, ${uuidOf(user)}, ${hash}, ${method}, ${client},
                  ${timeOf(createdAtMs)}, ${timeOf(seenAtMs)}, ${timeOf(expiresAtMs)})`,
    ]);
  },
  async list(of, { nowMs, idleMs }) {
    const [rows = []] = await withTenant(ofOrganization(of.organization), [
      sql`SELECT ${columns} FROM sessions WHERE ${these(of)} AND revoked_at IS NULL
             AND expires_at > ${timeOf(nowMs)}::timestamptz AND seen_at > ${timeOf(nowMs - idleMs)}::timestamptz ORDER BY id DESC LIMIT 200`,
    ]);
    return rows.map((row) => sessionOf(of.organization, row));
  },
  async revoke(of, nowMs) {
    const [rows = []] = await withTenant(ofOrganization(of.organization), [
      sql`UPDATE sessions SET revoked_at = ${timeOf(nowMs)} WHERE ${these(of)} AND revoked_at IS NULL RETURNING id`,
      epochMoves,
    ]);
    return rows.length;
  },
  async renew(of, { hash, tenant }) {
    const [rows = []] = await withTenant(ofOrganization(of.organization), [
      sql`UPDATE sessions SET hash = ${hash}, tenant_id = coalesce(${tenant ? uuidOf(tenant) : null}::uuid, tenant_id)
           WHERE ${these(of)} AND revoked_at IS NULL RETURNING ${columns}`,
      epochMoves,
    ]);
    return rows[0] && sessionOf(of.organization, rows[0]);
  },
  async touch({ organization, id }, atMs) {
    await withTenant(ofOrganization(organization), [
      sql`UPDATE sessions SET seen_at = ${timeOf(atMs)}
           WHERE organization_id = app_organization() AND id = ${uuidOf(id)} AND seen_at < ${timeOf(atMs)}::timestamptz`,
    ]);
  },
  async tenantsOf({ organization, user }, limit) {
    const [rows = []] = await withTenant(ofOrganization(organization), [
      sql`SELECT id, name, environment FROM tenants t WHERE t.organization_id = app_organization()
             AND EXISTS (SELECT FROM role_assignments a
                          WHERE a.organization_id = app_organization() AND a.principal_type = 'user' AND a.principal_id = ${uuidOf(user)}
                            AND (a.tenant_id IS NULL OR a.tenant_id = t.id))
           ORDER BY environment <> 'production', id LIMIT ${limit}`,
    ]);
    return rows.map((row) => ({
      id: idOf('tenant', row.id as string),
      name: row.name as string,
      environment: row.environment as Environment,
    }));
  },
});

const columns = sql`id, tenant_id, user_id, method, client, created_at, seen_at, expires_at`;

const these = ({ user, session, except }: SessionsOf) =>
  sql`organization_id = app_organization() AND user_id = ${uuidOf(user)}
      AND (${session ? uuidOf(session) : null}::uuid IS NULL OR id = ${session ? uuidOf(session) : null}::uuid)
      AND id IS DISTINCT FROM ${except ? uuidOf(except) : null}::uuid`;

const sessionOf = (organization: OrganizationId, row: Row): Session => ({
  id: idOf('session', row.id as string),
  organization,
  tenant: idOf('tenant', row.tenant_id as string),
  user: idOf('user', row.user_id as string),
  method: row.method as SignInMethod,
  client: row.client as string,
  createdAtMs: Date.parse(row.created_at as string),
  seenAtMs: Date.parse(row.seen_at as string),
  expiresAtMs: Date.parse(row.expires_at as string),
});
