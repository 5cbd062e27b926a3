import pg from 'pg';
import { type Migration, readMigrations } from './migration-files.ts';
import type { OwnerConnection } from './owner-connection.ts';
import { whilePreparing } from './preparation-lock.ts';
import { sql } from './sql.ts';

/** A change that waits for a lock makes everybody behind it wait too; past this the start fails and can be repeated. */
const lockTimeout = '30s';

/**
 * Brings the database to the state that a folder of `NNNN_name.sql` files describes: applies what is missing, in order,
 * each file in a transaction, while no other process does.
 * @returns the names of those it applied.
 * @throws Error when what is applied and what is there disagree (a file changed, is missing, or is unknown), or a file fails.
 *   Then that file left nothing behind.
 */
export async function migrate(owner: OwnerConnection, folder: string): Promise<string[]> {
  const files = readMigrations(folder);
  return await whilePreparing(owner, async () => {
    await owner.script(`CREATE TABLE IF NOT EXISTS vallum_migration (
      number     integer     PRIMARY KEY,
      name       text        NOT NULL,
      checksum   text        NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
    const missing = await compare(owner, files, folder);
    for (const file of missing) await apply(owner, file);
    return missing.map(({ name }) => name);
  });
}

/** The files that are not applied yet. */
async function compare(
  owner: OwnerConnection,
  files: readonly Migration[],
  folder: string,
): Promise<Migration[]> {
  const applied = await owner.query(
    sql`SELECT number, name, checksum, applied_at FROM vallum_migration ORDER BY number`,
  );
  for (const [index, { number, name, checksum, applied_at: appliedAt }] of applied.entries()) {
    const file = files[index];
    if (number !== index + 1)
      throw new Error(
        `the database says that migration ${name} is applied but not number ${index + 1}: its table vallum_migration was altered; restore it from a backup`,
      );
    if (!file)
      throw new Error(
        `the database has migration ${name} (applied ${appliedAt}), which ${folder} does not: it was prepared by a newer release; run that one, or restore a backup from before it`,
      );
    if (file.name !== name || file.checksum !== checksum)
      throw new Error(
        `${folder}/${file.name} is not the migration ${name} that was applied on ${appliedAt}: migrations that are applied do not change; take the file from the release again, and write changes as a new one`,
      );
  }
  return files.slice(applied.length);
}

async function apply(owner: OwnerConnection, { number, name, text, checksum }: Migration): Promise<void> {
  const transactionId = async () => (await owner.query(sql`SELECT pg_current_xact_id()::text AS id`))[0]?.id;
  await owner.query(sql`BEGIN`);
  try {
    await owner.query(sql`SELECT set_config('lock_timeout', ${lockTimeout}, true)`);
    const before = await transactionId();
    await owner.script(text);
    if ((await transactionId()) !== before)
      throw new Error(`migration ${name} ends its own transaction: leave BEGIN and COMMIT out of it`);
    await owner.query(
      sql`INSERT INTO vallum_migration (number, name, checksum) VALUES (${number}, ${name}, ${checksum})`,
    );
    await owner.query(sql`COMMIT`);
  } catch (error) {
    await owner.query(sql`ROLLBACK`).catch(() => undefined);
    throw error instanceof pg.DatabaseError ? inFile(name, text, error) : error;
  }
}

/** What the server said, with the line that it speaks of. */
function inFile(name: string, text: string, error: pg.DatabaseError): Error {
  const upTo = [...text].slice(0, Number(error.position ?? 0)).join('');
  const line = error.position === undefined ? '' : `, line ${upTo.split('\n').length}`;
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  return new Error(`migration ${name}${line}: ${error.message}${hint} [${error.code}]`, { cause: error });
}
