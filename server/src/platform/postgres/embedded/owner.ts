import type { Connection } from '../connection.ts';
import { putLogin } from '../login-role.ts';
import { connectAsOwner } from '../owner-connection.ts';
import { scramVerifier } from '../scram-verifier.ts';
import { sql } from '../sql.ts';
import type { Target } from '../target.ts';

/** Owns the database and may create roles, and is no superuser: what its migrations can do, they can do on a managed server too. */
export const ownerUser = 'vallum_owner';
export const databaseName = 'vallum';

/** Makes the owner and the database of a new cluster; does nothing where they are. */
export async function ensureOwner(watch: Connection, target: Target, password: string): Promise<void> {
  const [outcome] = await watch.send(
    [
      sql`SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = ${ownerUser})
           AND EXISTS (SELECT FROM pg_database WHERE datname = ${databaseName}) AS there`,
    ],
    5_000,
  );
  if (outcome && 'answer' in outcome && outcome.answer.rows[0]?.there === true) return;
  const superuser = await connectAsOwner(target);
  try {
    await putLogin(superuser, ownerUser, 'CREATEROLE', await scramVerifier(password));
    const [there] = await superuser.query(sql`SELECT FROM pg_database WHERE datname = ${databaseName}`);
    if (!there) await superuser.script('CREATE DATABASE vallum OWNER vallum_owner');
  } finally {
    await superuser.close();
  }
}
