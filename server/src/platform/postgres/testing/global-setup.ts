import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { embeddedPostgres } from '../embedded/embedded-postgres.ts';
import { migrate } from '../migrate.ts';
import { connectAsOwner } from '../owner-connection.ts';
import { provisionRoles } from '../provision-roles.ts';
import { sql } from '../sql.ts';
import { removeDataFolder, sweepDataFolders, temporaryDataFolder } from './data-folder.ts';
import { fastSettings } from './fast-settings.ts';
import type { TestServer } from './test-server.ts';

const migrations = fileURLToPath(new URL('../../../../migrations', import.meta.url));
const password = () => randomBytes(16).toString('hex');

/** Before all tests: one server for the whole run, and in it a migrated database to copy. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweepDataFolders();
  const dataDir = temporaryDataFolder();
  const scratch = temporaryDataFolder();
  const lines: string[] = [];
  const server = embeddedPostgres({ dataDir, log: (line) => lines.push(line), settings: fastSettings });
  const stop = async () => {
    await server.stop();
    removeDataFolder(dataDir);
    removeDataFolder(scratch);
  };
  try {
    await server.start();
    const { socketDir: host, port, database, ownerUser, ownerPassword, superuser } = server.connection();
    const owner = { host, port, database, user: ownerUser, password: ownerPassword };
    const passwords = { app: password(), ledger: password() };
    const connection = await connectAsOwner(owner);
    try {
      await provisionRoles(connection, passwords);
      if (existsSync(migrations)) await migrate(connection, migrations);
    } finally {
      await connection.close();
    }
    const superuserTarget = { ...owner, user: superuser, database: 'postgres' };
    const administrator = await connectAsOwner(superuserTarget);
    // A copy needs the original alone; nobody can connect to it from here on, autovacuum included.
    await administrator.query(sql`ALTER DATABASE vallum ALLOW_CONNECTIONS false`);
    await administrator.close();
    const provided: TestServer = { owner, superuser: superuserTarget, passwords, scratch };
    project.provide('postgres', provided);
    return stop;
  } catch (error) {
    await stop();
    throw new Error(`the database server for the tests did not start: ${lines.join('; ')}`, { cause: error });
  }
}
