import { type Id, type IdKind, idOf, type TokenId, uuidOf } from '@vallum/contract';
import type { Environment, Principal } from '../../kernel/index.ts';
import { type Doors, type Row, sql } from '../../platform/postgres/index.ts';
import type { Root, ShortLived, ShortLivedStore } from '../exchange/ports.ts';
import { epochMoves } from './rows.ts';

/** Short-lived credentials in PostgreSQL, each reached in its own tenant's scope. */
export function postgresShortLived({
  withTenant,
  lookupShortLived,
}: Pick<Doors, 'withTenant' | 'lookupShortLived'>): ShortLivedStore {
  return {
    async lookup(hash) {
      const row = await lookupShortLived(hash);
      if (!row) return undefined;
      return {
        id: idOf('token', row.id as string),
        organization: idOf('organization', row.organization_id as string),
        tenant: idOf('tenant', row.tenant_id as string),
        environment: row.environment as Environment,
        principal: principalOf(row),
        scopes: row.scopes as string[],
        ratePerMinute: row.rate_per_minute as number,
        run: (row.run as string | null) ?? undefined,
        root: rootOf(row),
        rootScopes: row.root_scopes as string[],
        rootRoles: row.root_roles as string[],
        rootOrganizationRoles: row.root_organization_roles as string[],
        allowedAddresses: row.allowed_addresses as string[],
        rootSeenAtMs: row.root_seen_at === null ? undefined : Date.parse(row.root_seen_at as string),
        expiresAtMs: Date.parse(row.expires_at as string),
        ended: row.ended as boolean,
      };
    },
    async insert(scope, made) {
      await withTenant(scope, [
        sql`INSERT INTO short_lived_credentials (id, organization_id, tenant_id, hash, pepper_version, principal_type, principal_id, scopes,
                                                 rate_per_minute, root_kind, root_id, made_from, run, created_at, expires_at)
            VALUES (${uuidOf(made.id)}, app_organization(), app_tenant(), ${made.hash}, ${made.pepperVersion}, ${made.principal.type},
                    ${made.principal.id}, ${[...made.scopes]}::text[], ${made.ratePerMinute}, ${made.root.kind}, ${uuidOf(made.root.id as Id<IdKind>)},
                    ${made.madeFrom.map(uuidOf)}::uuid[], ${made.run ?? null},
                    ${new Date(made.createdAtMs).toISOString()}::timestamptz, ${new Date(made.expiresAtMs).toISOString()}::timestamptz)`,
      ]);
    },
    async find(scope, id) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT ${columns} FROM short_lived_credentials WHERE tenant_id = app_tenant() AND id = ${uuidOf(id)}`,
      ]);
      return rows[0] && shortLivedOf(rows[0]);
    },
    async revoke(scope, id) {
      const [rows = []] = await withTenant(scope, [
        sql`UPDATE short_lived_credentials SET revoked_at = coalesce(revoked_at, now())
             WHERE tenant_id = app_tenant() AND id = ${uuidOf(id)} RETURNING ${columns}`,
        epochMoves,
      ]);
      return rows[0] && shortLivedOf(rows[0]);
    },
  };
}

const columns = sql`id, organization_id, tenant_id, principal_type, principal_id, scopes, root_kind, root_id, made_from, run, expires_at, revoked_at`;

const principalOf = (row: Row): Principal => ({
  type: row.principal_type as Principal['type'],
  id: row.principal_id as Principal['id'],
});

/** Ids of keys and sessions say so; those of tokens and certificates are their principal's. */
function rootOf(row: Row): Root {
  const kind = row.root_kind as Root['kind'];
  const idKind = kind === 'key' || kind === 'session' ? kind : (row.principal_type as Principal['type']);
  return { kind, id: idOf(idKind, row.root_id as string) };
}

const shortLivedOf = (row: Row): ShortLived => ({
  id: idOf('token', row.id as string),
  organization: idOf('organization', row.organization_id as string),
  tenant: idOf('tenant', row.tenant_id as string),
  principal: principalOf(row),
  scopes: row.scopes as string[],
  root: rootOf(row),
  madeFrom: (row.made_from as string[]).map((id): TokenId => idOf('token', id)),
  run: (row.run as string | null) ?? undefined,
  expiresAtMs: Date.parse(row.expires_at as string),
  revokedAt: (row.revoked_at as string | null) ?? undefined,
});
