import pg from 'pg';
import type { OwnerConnection } from './owner-connection.ts';
import { sql } from './sql.ts';

/**
 * Creates a login, or gives the one that is there this password and these attributes.
 * @param attributes code, never input: `NOINHERIT`.
 * @param verifier what PostgreSQL keeps of the password.
 * @throws Error in the server's words, and without the statement, which holds the verifier.
 */
export async function putLogin(
  owner: OwnerConnection,
  role: string,
  attributes: 'NOINHERIT' | 'CREATEROLE',
  verifier: string,
): Promise<void> {
  // Utility statements take no parameters: these reach the block as settings, and `format` quotes them.
  await owner.query(sql`SELECT set_config('vallum.role', ${role}, false),
    set_config('vallum.attributes', ${attributes}, false), set_config('vallum.verifier', ${verifier}, false)`);
  try {
    await owner.script(`DO $login$
      DECLARE
        role text := current_setting('vallum.role');
      BEGIN
        EXECUTE format('%s ROLE %I LOGIN %s PASSWORD %L',
          CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN 'ALTER' ELSE 'CREATE' END,
          role, current_setting('vallum.attributes'), current_setting('vallum.verifier'));
      END $login$`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const why = [error.message, error.detail, error.hint].filter((part) => part !== undefined).join('. ');
    throw new Error(`the database role ${role} could not be made or changed: ${why} [${error.code}]`);
  }
  await owner.query(sql`SELECT set_config('vallum.verifier', '', false)`);
}
