import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createDoors, type DoorOptions, type Doors } from '../doors.ts';
import { migrate } from '../migrate.ts';
import { connectAsOwner, type OwnerConnection } from '../owner-connection.ts';
import { appRole, ledgerRole } from '../provision-roles.ts';
import { identifier, sql } from '../sql.ts';
import type { Target } from '../target.ts';
import type {} from './test-server.ts';

/** A database of one test file. */
export interface TestDatabase {
  /** The same database, by login. */
  readonly targets: Readonly<Record<'owner' | 'app' | 'ledger' | 'superuser', Target>>;
  /** As who owns the schema. Sees all rows of tables without forced row security, and none of the others. */
  readonly owner: OwnerConnection;
  readonly doors: Doors;
  /** Drops it. */
  close(): Promise<void>;
}

/**
 * A fresh database on the run's server: a copy of the migrated one, or an empty one with the migrations of a folder.
 * @param options.migrations a folder to use instead of ours.
 */
export async function testDatabase(
  options: { migrations?: string; doors?: DoorOptions } = {},
): Promise<TestDatabase> {
  const server = inject('postgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const template = options.migrations === undefined ? server.owner.database : 'template1';
  await asSuperuser(
    sql`CREATE DATABASE ${identifier(name)} TEMPLATE ${identifier(template)} OWNER ${identifier(server.owner.user)}`,
  );
  const login = (user: string, password: string) => ({ ...server.owner, database: name, user, password });
  const targets = {
    owner: { ...server.owner, database: name },
    app: login(appRole, server.passwords.app),
    ledger: login(ledgerRole, server.passwords.ledger),
    superuser: { ...server.superuser, database: name },
  };
  const owner = await connectAsOwner(targets.owner);
  if (options.migrations !== undefined) await migrate(owner, options.migrations);
  const doors = createDoors(targets.app, options.doors);
  return {
    targets,
    owner,
    doors,
    async close() {
      await doors.close();
      await owner.close();
      await asSuperuser(sql`DROP DATABASE ${identifier(name)} WITH (FORCE)`);
    },
  };
}

async function asSuperuser(statement: ReturnType<typeof sql>): Promise<void> {
  const connection = await connectAsOwner(inject('postgres').superuser);
  try {
    await connection.query(statement);
  } finally {
    await connection.close();
  }
}
