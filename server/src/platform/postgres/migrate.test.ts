import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { connectAsOwner } from './owner-connection.ts';
import { whilePreparing } from './preparation-lock.ts';
import { sql } from './sql.ts';
import { migrationFolder } from './testing/migration-folder.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';

const first = { '0001_first.sql': 'CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\n' };
const second = { '0002_second.sql': 'ALTER TABLE a ADD b int DEFAULT 2;\n' };

describe('migrate', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await testDatabase({ migrations: migrationFolder({}) });
  });
  afterEach(() => database.close());
  const run = (files: Record<string, string>) => migrate(database.owner, migrationFolder(files));

  it('applies in order what is missing, once, and keeps the checksum of each', async () => {
    expect(await run(first)).toEqual(['0001_first.sql']);
    expect(await run({ ...second, ...first })).toEqual(['0002_second.sql']);
    expect(await run({ ...first, ...second })).toEqual([]);
    expect(await database.owner.query(sql`SELECT * FROM a`)).toEqual([{ id: 1, b: 2 }]);
    expect(await database.owner.query(sql`SELECT number, name, checksum FROM vallum_migration`)).toEqual([
      { number: 1, name: '0001_first.sql', checksum: hash('sha256', first['0001_first.sql'], 'hex') },
      { number: 2, name: '0002_second.sql', checksum: hash('sha256', second['0002_second.sql'], 'hex') },
    ]);
  });

  it('stops when a file that is applied has changed', async () => {
    await run(first);
    await expect(run({ '0001_first.sql': 'CREATE TABLE a (id bigint);' })).rejects.toThrow(
      /0001_first\.sql is not the migration 0001_first\.sql that was applied on \d{4}-/,
    );
  });

  it('stops when a file that is applied is missing, or was renamed', async () => {
    await run({ ...first, ...second });
    await expect(run(second)).rejects.toThrow('0002_second.sql comes where number 1 was expected');
    await expect(run({ '0001_other.sql': first['0001_first.sql'], ...second })).rejects.toThrow(
      'is not the migration',
    );
  });

  it('stops when the database is newer than the files', async () => {
    await run({ ...first, ...second });
    await expect(run(first)).rejects.toThrow(/the database has migration 0002_second\.sql .* run that one/);
  });

  it('stops at a gap, a repeated number and a name that is not one, before it touches the database', async () => {
    for (const files of [
      { ...first, '0003_third.sql': '' },
      { ...first, '0001_again.sql': '' },
      { '1_first.sql': '' },
    ])
      await expect(run(files)).rejects.toThrow(/numbered without gaps|named like 0001/);
    await expect(database.owner.query(sql`SELECT FROM a`)).rejects.toThrow('does not exist');
  });

  it('leaves nothing of a file that fails, keeps those before it, and names file and line', async () => {
    const broken = { '0002_broken.sql': 'CREATE TABLE c (id int);\n\nALTER TABLE nowhere ADD b int;\n' };
    await expect(run({ ...first, ...broken })).rejects.toThrow(
      /^migration 0002_broken\.sql.*: relation "nowhere" does not exist \[42P01\]$/,
    );
    const syntax = { '0002_broken.sql': 'SELECT 1;\n\nSELEKT 2;\n' };
    await expect(run({ ...first, ...syntax })).rejects.toThrow(
      'migration 0002_broken.sql, line 3: syntax error',
    );
    await expect(database.owner.query(sql`SELECT FROM c`)).rejects.toThrow('does not exist');
    expect(await run({ ...first, ...second })).toEqual(['0002_second.sql']);
  });

  it('refuses a file that ends its own transaction: half of it could stay', async () => {
    const ends = { '0001_ends.sql': 'COMMIT; BEGIN; CREATE TABLE d (id int);' };
    await expect(run(ends)).rejects.toThrow('ends its own transaction');
    await expect(run({ '0001_ends.sql': 'ROLLBACK' })).rejects.toThrow('ends its own transaction');
  });

  it('is done once when several processes start together', async () => {
    const folder = migrationFolder({ ...first, ...second });
    const results = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const owner = await connectAsOwner(database.targets.owner);
        return await migrate(owner, folder).finally(() => owner.close());
      }),
    );
    expect(results.flat().sort()).toEqual(['0001_first.sql', '0002_second.sql']);
  });

  it('goes on when the process that was preparing the database died', async () => {
    const dying = await connectAsOwner(database.targets.owner);
    const { promise: locked, resolve } = Promise.withResolvers<void>();
    const never = whilePreparing(dying, () => {
      resolve();
      return new Promise<never>(() => undefined);
    });
    await locked;
    const applied = run(first);
    await dying.close();
    expect(await applied).toEqual(['0001_first.sql']);
    expect(never).toBeInstanceOf(Promise);
  });
});
