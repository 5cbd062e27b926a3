import { idOf, uuidOf } from '@vallum/contract';
import type { Environment } from '../../kernel/index.ts';
import { type Doors, type Row, sql } from '../../platform/postgres/index.ts';
import type { ApiKey, CredentialStore, KeyStore, NewApiKey } from '../keys/ports.ts';
import { epochMoves, last, only } from './rows.ts';

/** API keys in PostgreSQL, each reached in its own tenant's scope. */
export function postgresKeys({ withTenant }: Pick<Doors, 'withTenant'>): KeyStore {
  return {
    async keys(scope, limit, before) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT ${keyColumns} FROM api_keys WHERE tenant_id = app_tenant()
               AND id < ${before ? uuidOf(before) : last} ORDER BY id DESC LIMIT ${limit}`,
      ]);
      return rows.map(keyOf);
    },
    async key(scope, id) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT ${keyColumns} FROM api_keys WHERE tenant_id = app_tenant() AND id = ${uuidOf(id)}`,
      ]);
      return rows[0] && keyOf(rows[0]);
    },
    async createKey(scope, key) {
      const [rows = []] = await withTenant(scope, [insertKey(key)]);
      return keyOf(only(rows));
    },
    async revokeKey(scope, id) {
      const [rows = []] = await withTenant(scope, [
        sql`UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE tenant_id = app_tenant() AND id = ${uuidOf(id)}
            RETURNING ${keyColumns}`,
        epochMoves,
      ]);
      return rows[0] && keyOf(rows[0]);
    },
    async changeKey(scope, id, { name, ratePerMinute, allowedAddresses }) {
      const [rows = []] = await withTenant(scope, [
        sql`UPDATE api_keys SET name = coalesce(${name ?? null}, name),
                   rate_per_minute = coalesce(${ratePerMinute ?? null}, rate_per_minute),
                   allowed_addresses = coalesce(${allowedAddresses ? [...allowedAddresses] : null}::text[], allowed_addresses)
             WHERE tenant_id = app_tenant() AND id = ${uuidOf(id)} AND revoked_at IS NULL RETURNING ${keyColumns}`,
        epochMoves,
      ]);
      return rows[0] && keyOf(rows[0]);
    },
    async rotateKey(scope, id, by, endsAt) {
      const [rows = []] = await withTenant(scope, [
        // Locked, so that settings which somebody changes meanwhile are not carried on as they were.
        sql`INSERT INTO api_keys (id, organization_id, tenant_id, name, hint, hash, pepper_version, scopes, rate_per_minute, service_id,
                                  allowed_addresses, expires_at, rotated_from)
            SELECT ${uuidOf(by.id)}, organization_id, tenant_id, name, ${by.hint}, ${by.hash}, ${by.pepperVersion}, scopes, rate_per_minute, service_id,
                   allowed_addresses, expires_at, id
              FROM api_keys WHERE tenant_id = app_tenant() AND id = ${uuidOf(id)} AND revoked_at IS NULL
               AND coalesce(expires_at, 'infinity') > now() FOR UPDATE
            RETURNING ${keyColumns}`,
        sql`UPDATE api_keys SET expires_at = least(expires_at, ${endsAt}::timestamptz)
             WHERE tenant_id = app_tenant() AND id = (SELECT rotated_from FROM api_keys WHERE id = ${uuidOf(by.id)})`,
        epochMoves,
      ]);
      return rows[0] && keyOf(rows[0]);
    },
    async markUsed(scope, uses) {
      const ids = uses.map(({ key }) => uuidOf(key));
      const times = uses.map(({ atMs }) => new Date(atMs).toISOString());
      await withTenant(scope, [
        // Another process may hold some of them for the same reason, in another order.
        sql`WITH used AS (SELECT * FROM unnest(${ids}::uuid[], ${times}::timestamptz[]) AS u (id, at)),
                 free AS (SELECT k.id, u.at FROM api_keys k JOIN used u USING (id)
                           WHERE k.tenant_id = app_tenant() AND coalesce(k.last_used_at, '-infinity') < u.at FOR UPDATE OF k SKIP LOCKED)
            UPDATE api_keys k SET last_used_at = free.at FROM free WHERE k.id = free.id AND k.tenant_id = app_tenant()`,
      ]);
    },
  };
}

/** Credentials by hash, through the one door that reaches across tenants. */
export const postgresCredentials = ({
  lookupCredential,
}: Pick<Doors, 'lookupCredential'>): CredentialStore => ({
  async lookup(hash) {
    const row = await lookupCredential(hash);
    if (!row) return undefined;
    return {
      key: idOf('key', row.id as string),
      organization: idOf('organization', row.organization_id as string),
      tenant: idOf('tenant', row.tenant_id as string),
      environment: row.environment as Environment,
      scopes: row.scopes as string[],
      ratePerMinute: row.rate_per_minute as number,
      allowedAddresses: row.allowed_addresses as string[],
      service: row.service_id === null ? undefined : idOf('service', row.service_id as string),
      roles: row.roles as string[],
      organizationRoles: row.organization_roles as string[],
      expiresAtMs: row.expires_at === null ? undefined : Date.parse(row.expires_at as string),
      ended: row.ended as boolean,
    };
  },
});

const keyColumns = sql`id, tenant_id, name, hint, scopes, rate_per_minute, service_id, allowed_addresses, created_at, last_used_at,
  rotated_from, expires_at, revoked_at`;

/** Puts a key into the tenant of the scope. */
export const insertKey = (key: NewApiKey) =>
  sql`INSERT INTO api_keys (id, organization_id, tenant_id, name, hint, hash, pepper_version, scopes, rate_per_minute, service_id, allowed_addresses, expires_at)
      VALUES (${uuidOf(key.id)}, app_organization(), app_tenant(), ${key.name}, ${key.hint}, ${key.hash}, ${key.pepperVersion},
              ${[...key.scopes]}::text[], ${key.ratePerMinute}, ${key.service ? uuidOf(key.service) : null}, ${[...(key.allowedAddresses ?? [])]}::text[],
              ${key.expiresAt ?? null})
      RETURNING ${keyColumns}`;

const keyOf = (row: Row): ApiKey => ({
  id: idOf('key', row.id as string),
  tenant: idOf('tenant', row.tenant_id as string),
  service: row.service_id === null ? undefined : idOf('service', row.service_id as string),
  name: row.name as string,
  hint: row.hint as string,
  scopes: row.scopes as string[],
  ratePerMinute: row.rate_per_minute as number,
  allowedAddresses: row.allowed_addresses as string[],
  createdAt: row.created_at as string,
  lastUsedAt: (row.last_used_at as string | null) ?? undefined,
  rotatedFrom: row.rotated_from === null ? undefined : idOf('key', row.rotated_from as string),
  expiresAt: (row.expires_at as string | null) ?? undefined,
  revokedAt: (row.revoked_at as string | null) ?? undefined,
});
