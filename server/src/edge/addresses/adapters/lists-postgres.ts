import { z } from 'zod';
import { type Doors, type Row, sql } from '../../../platform/postgres/index.ts';
import type { ListEntry, ListStore, OrganizationLists } from '../ports.ts';

const entries = z.array(
  z.strictObject({ cidr: z.string(), expires_at: z.iso.datetime().nullable(), note: z.string().nullable() }),
);
const stored = z.strictObject({ allow: entries, deny: entries });

/** The lists of organizations in PostgreSQL: one row each, so that they are changed as a whole. */
export function postgresLists({ withTenant }: Pick<Doors, 'withTenant'>): ListStore {
  return {
    async read(scope) {
      const [rows = []] = await withTenant(scope, [
        sql`SELECT lists, version, updated_at FROM address_lists WHERE organization_id = app_organization()`.named(
          'edge_address_lists',
        ),
      ]);
      return rows[0] ? listsOf(rows[0]) : { allow: [], deny: [], version: 0, updatedAt: undefined };
    },
    async replace(scope, { allow, deny }, version) {
      const lists = JSON.stringify({ allow: allow.map(rowOf), deny: deny.map(rowOf) });
      const [rows = []] = await withTenant(scope, [
        sql`INSERT INTO address_lists AS old (organization_id, lists, version) VALUES (app_organization(), ${lists}::jsonb, 1)
            ON CONFLICT (organization_id) DO UPDATE SET lists = excluded.lists, version = old.version + 1, updated_at = now()
             WHERE old.version = ${version}
            RETURNING lists, version, updated_at`,
        // What processes believe of the lists is not true any more.
        sql`UPDATE control SET epoch = epoch + 1`,
      ]);
      return rows[0] && listsOf(rows[0]);
    },
  };
}

const rowOf = ({ cidr, expiresAtMs, note }: ListEntry) => ({
  cidr,
  expires_at: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
  note: note ?? null,
});

function listsOf(row: Row): OrganizationLists {
  const { allow, deny } = stored.parse(row.lists);
  return {
    allow: allow.map(entryOf),
    deny: deny.map(entryOf),
    version: Number(row.version),
    updatedAt: row.updated_at as string,
  };
}

const entryOf = ({ cidr, expires_at: expiresAt, note }: z.output<typeof entries>[number]): ListEntry => ({
  cidr,
  expiresAtMs: expiresAt === null ? undefined : Date.parse(expiresAt),
  note: note ?? undefined,
});
