import { randomBytes } from 'node:crypto';
import { type OrganizationId, type TenantId, type UserId, uuidOf } from '@vallum/contract';
import { type LedgerAppend, type NewEntry, newId } from '../../kernel/index.ts';
import { sql } from '../../platform/postgres/index.ts';
import type { TestDatabase } from '../../platform/postgres/testing/test-database.ts';
import { postgresDirectory } from '../adapters/directory-postgres.ts';
import { ofOrganization } from '../adapters/sessions-postgres.ts';

/** An organization in a real database, with two tenants and its owner. */
export interface TestOrganization {
  readonly organization: OrganizationId;
  readonly production: TenantId;
  readonly development: TenantId;
  readonly owner: UserId;
  readonly ownerEmail: string;
  /** A user with a role in every tenant. */
  addUser(email: string, role: string, password?: string): Promise<UserId>;
  /** A role for a user, in one tenant or in all. */
  assign(user: UserId, role: string, tenant?: TenantId): Promise<void>;
}

export async function testOrganization(
  { doors }: TestDatabase,
  password = 'none',
): Promise<TestOrganization> {
  const now = Date.now();
  const [organization, production, development, owner] = [
    newId('organization', now),
    newId('tenant', now),
    newId('tenant', now),
    newId('user', now),
  ];
  const ownerEmail = `owner-${randomBytes(4).toString('hex')}@example.org`;
  await postgresDirectory(doors).bootstrap({
    id: organization,
    name: 'Example',
    tenants: [
      { id: production, name: 'production', environment: 'production' },
      { id: development, name: 'development', environment: 'development' },
    ],
    admin: { id: owner, email: ownerEmail, password, assignment: newId('assignment', now) },
    keys: [],
  });
  const assign: TestOrganization['assign'] = async (user, role, tenant) => {
    await doors.withTenant(ofOrganization(organization), [
      sql`INSERT INTO role_assignments (id, organization_id, principal_type, principal_id, role, tenant_id)
          VALUES (${uuidOf(newId('assignment', now))}, app_organization(), 'user', ${uuidOf(user)}, ${role}, ${tenant ? uuidOf(tenant) : null}::uuid)`,
    ]);
  };
  return {
    organization,
    production,
    development,
    owner,
    ownerEmail,
    assign,
    async addUser(email, role, stored = 'none') {
      const user = newId('user', now);
      await doors.withTenant(ofOrganization(organization), [
        sql`INSERT INTO users (id, organization_id, email, password) VALUES (${uuidOf(user)}, app_organization(), ${email}, ${stored})`,
      ]);
      await assign(user, role);
      return user;
    },
  };
}

/** A ledger that keeps what it is given, in the order of it. It can be told to fail. */
export function keptLedger(): LedgerAppend & { readonly entries: NewEntry[]; broken: boolean } {
  const entries: NewEntry[] = [];
  const take = async (entry: NewEntry): Promise<number> => {
    if (ledger.broken) throw new Error('the ledger does not answer');
    return entries.push(entry) - 1;
  };
  const ledger = {
    entries,
    broken: false,
    append: take,
    async journal(entry: NewEntry) {
      await take(entry);
    },
  };
  return ledger;
}

/** What an entry says was changed. */
export const changeIn = ({ entry }: NewEntry): string | undefined => entry.change?.type;
