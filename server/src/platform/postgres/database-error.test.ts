import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/index.ts';
import { ConnectionLost, databaseFault, outcomeIsUnknown, sqlState } from './database-error.ts';
import { type Statement, sql } from './sql.ts';
import { notesMigration } from './testing/notes-migration.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';

const scope = {
  organization: 'org_01890a5d-ac96-774b-bcce-b302099a8057',
  tenant: 'tnt_01890a5d-ac96-774b-bcce-b302099a8058',
} as const;

/** Everything that a log which follows causes could print. */
const printed = (error: unknown): string => {
  let text = '';
  for (let at = error; at instanceof Error; at = at.cause)
    text += `${at.stack} ${JSON.stringify(Object.fromEntries(Object.entries(at)))}`;
  return text;
};

describe('what a database error becomes', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase({ migrations: notesMigration(), doors: { statementTimeoutMs: 300 } });
  });
  afterAll(() => database.close());

  const failure = async (...statements: Statement[]): Promise<Fault> => {
    const error: unknown = await database.doors
      .withTenant(scope, statements)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Fault);
    return error as Fault;
  };
  const insert = (body: string) =>
    sql`INSERT INTO note (tenant_id, body) VALUES (${scope.tenant.slice(4)}, ${body})`;

  it('keeps a unique violation recognisable', async () => {
    const error = await failure(insert('twice'), insert('twice'));
    expect(error.code).toBe('conflict');
    expect(sqlState(error)).toBe('23505');
    expect(outcomeIsUnknown(error)).toBe(false);
  });

  it('says nothing that the server quoted: no value, no statement, in no cause', async () => {
    const secret = 'patient-4711';
    for (const error of [
      await failure(insert(secret), insert(secret)),
      await failure(sql`SELECT ${secret}::int`),
      await failure(sql`SELECT ${secret} FROM nowhere_${sql`x`}`),
    ]) {
      expect(error.detail).toBeUndefined();
      expect(printed(error)).not.toContain(secret);
      expect(printed(error)).not.toContain('nowhere_x');
    }
  });

  it('is internal when our statement was wrong', async () => {
    const error = await failure(sql`SELEKT 1`);
    expect([error.code, sqlState(error)]).toEqual(['internal', '42601']);
  });

  it('is unavailable when the server timed the statement out', async () => {
    const error = await failure(sql`SELECT pg_sleep(20)`);
    expect([error.code, sqlState(error)]).toEqual(['unavailable', '57014']);
  });

  it('is unavailable when there is no connection, and internal when our own code failed', () => {
    expect(databaseFault(new ConnectionLost('gone')).code).toBe('unavailable');
    expect(databaseFault(new TypeError('a bug')).code).toBe('internal');
    expect(sqlState(new Error('other'))).toBeUndefined();
  });
});
