import { putLogin } from './login-role.ts';
import type { OwnerConnection } from './owner-connection.ts';
import { whilePreparing } from './preparation-lock.ts';
import { scramVerifier } from './scram-verifier.ts';
import { sql } from './sql.ts';

/** The logins that do the work (ADR 0003). Migrations grant to these names. */
export const appRole = 'vallum_app';
export const ledgerRole = 'vallum_ledger';

export interface RolePasswords {
  readonly app: string;
  readonly ledger: string;
}

/**
 * Creates or updates the logins that do the work, with these passwords. Runs before the migrations, which grant to them.
 * @throws Error when a login of that name can do more than it may: bypass row security, become another role, create or own things.
 */
export async function provisionRoles(owner: OwnerConnection, passwords: RolePasswords): Promise<void> {
  const verifiers: [string, string][] = [
    [appRole, await scramVerifier(passwords.app)],
    [ledgerRole, await scramVerifier(passwords.ledger)],
  ];
  await whilePreparing(owner, async () => {
    for (const [role, verifier] of verifiers) {
      // An attribute that is only named needs a superuser in some versions, even to be switched off, so a role that is
      // there keeps its attributes, and is refused if they are too many.
      await putLogin(owner, role, 'NOINHERIT', verifier);
      await requireHarmless(owner, role);
      await letIn(owner, role);
    }
  });
}

/** Where the public may not connect to the database, the login must be let in. */
async function letIn(owner: OwnerConnection, role: string): Promise<void> {
  const [row] = await owner.query(
    sql`SELECT has_database_privilege(${role}, current_database(), 'CONNECT') AS may`,
  );
  if (row?.may === true) return;
  await owner.query(sql`SELECT set_config('vallum.role', ${role}, false)`);
  await owner.script(`DO $connect$ BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), current_setting('vallum.role'));
  END $connect$`);
}

async function requireHarmless(owner: OwnerConnection, role: string): Promise<void> {
  const [row] = await owner.query(sql`
    SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
           EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid) AS member,
           EXISTS (SELECT FROM pg_shdepend WHERE refobjid = pg_roles.oid AND deptype = 'o') AS owns
      FROM pg_roles WHERE rolname = ${role}`);
  const powers: Record<string, string> = {
    rolsuper: 'is a superuser',
    rolbypassrls: 'bypasses row-level security',
    rolcreaterole: 'may create roles',
    rolcreatedb: 'may create databases',
    rolreplication: 'may replicate',
    member: 'is a member of another role',
    owns: 'owns objects',
  };
  const found = Object.entries(powers).flatMap(([column, what]) => (row?.[column] === false ? [] : [what]));
  if (found.length > 0)
    throw new Error(
      `the database role ${role} ${found.join(' and ')}: take that away as a superuser (ALTER ROLE, REVOKE, REASSIGN OWNED), or drop the role`,
    );
}
