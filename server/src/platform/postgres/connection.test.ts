import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Connection, type Outcome } from './connection.ts';
import { sqlState } from './database-error.ts';
import { type Statement, sql } from './sql.ts';
import { startProxy } from './testing/proxy.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';

const options = { applicationName: 'test', connectTimeoutMs: 2_000, direct: true };
const told = (outcome: Outcome | undefined) =>
  outcome && 'answer' in outcome ? outcome.answer.command : sqlState(outcome?.error);

describe('a pipelined connection', () => {
  let database: TestDatabase;
  let connection: Connection;
  beforeAll(async () => {
    database = await testDatabase();
    connection = await Connection.open(database.targets.owner, options);
    await database.owner.script('CREATE TABLE item (id int PRIMARY KEY)');
  });
  afterAll(async () => {
    await connection.close();
    await database.close();
  });
  const send = (...requests: (Statement | 'BEGIN' | 'COMMIT' | 'ROLLBACK')[]) =>
    connection.send(requests, 5_000);

  it('answers COMMIT with ROLLBACK after an error, which is why the tag must be looked at', async () => {
    const outcomes = await send(
      'BEGIN',
      sql`INSERT INTO item VALUES (1)`,
      sql`SELECT 1/0`,
      sql`SELECT 2`,
      'COMMIT',
    );
    expect(outcomes.map(told)).toEqual(['BEGIN', 'INSERT', '22012', '25P02', 'ROLLBACK']);
    expect(await database.owner.query(sql`SELECT * FROM item`)).toEqual([]);
  });

  it('keeps a setting of a transaction that is not over: callers must not share a client', async () => {
    const first = send('BEGIN', sql`SELECT set_config('app.tenant', 'acme', true)`);
    const second = send(sql`SELECT current_setting('app.tenant', true) AS tenant`);
    await first;
    expect(await second).toMatchObject([{ answer: { rows: [{ tenant: 'acme' }] } }]);
    await send('ROLLBACK');
  });

  it('reads a setting as the empty string after its transaction, not as NULL', async () => {
    await send('BEGIN', sql`SELECT set_config('app.tenant', 'acme', true)`, 'COMMIT');
    expect(await send(sql`SELECT current_setting('app.tenant', true) AS tenant`)).toMatchObject([
      { answer: { rows: [{ tenant: '' }] } },
    ]);
  });

  it('sends what belongs together without waiting for an answer', async () => {
    const proxy = await startProxy(database.targets.owner);
    const through = await Connection.open(proxy.target, options);
    proxy.withholdAnswersUntil('COMMIT');
    const outcomes = await through.send(
      ['BEGIN', sql`SELECT ${1}::int AS a`, sql`SELECT ${2}::int AS b`, 'COMMIT'],
      5_000,
    );
    expect(outcomes.map(told)).toEqual(['BEGIN', 'SELECT', 'SELECT', 'COMMIT']);
    await through.close();
    await proxy.close();
  });

  it('refuses a name that stands for another text before anything is sent, so that no transaction loses a statement', async () => {
    await send(sql`SELECT 1`.named('first'));
    await expect(send('BEGIN', sql`SELECT 2`.named('first'), 'COMMIT')).rejects.toThrow(TypeError);
    expect(connection.inTransaction).toBe(false);
    expect((await send(sql`SELECT 1`.named('first'))).map(told)).toEqual(['SELECT']);
  });

  it('prepares a named statement once on a direct connection, and never behind a pooler', async () => {
    const count = sql`SELECT count(*)::int AS n FROM pg_prepared_statements WHERE name = 'counted'`;
    const pooled = await Connection.open(database.targets.owner, { ...options, direct: false });
    for (const [session, expected] of [
      [connection, 1],
      [pooled, 0],
    ] as const) {
      const statement = sql`SELECT ${'x'}::text AS x`.named('counted');
      await session.send([statement, statement], 5_000);
      expect(await session.send([count], 5_000)).toMatchObject([{ answer: { rows: [{ n: expected }] } }]);
    }
    await pooled.close();
  });

  it('is not reused after a prepared plan went stale', async () => {
    const other = await Connection.open(database.targets.owner, options);
    const all = sql`SELECT * FROM changing`.named('changing');
    await other.send([sql`CREATE TABLE changing (a int)`, all], 5_000);
    await other.send([sql`ALTER TABLE changing ADD b int`], 5_000);
    expect((await other.send([all], 5_000)).map(told)).toEqual(['0A000']);
    expect(other.reusable).toBe(false);
    await other.close();
  });

  it('cuts a server that does not answer, and fails all that has no answer', async () => {
    const proxy = await startProxy(database.targets.owner);
    const frozen = await Connection.open(proxy.target, options);
    proxy.freeze();
    const outcomes = await frozen.send(['BEGIN', sql`SELECT 1`, 'COMMIT'], 100);
    expect(outcomes.map((outcome) => 'error' in outcome && outcome.error.message)).toEqual(
      Array.from({ length: 3 }, () => 'PostgreSQL did not answer in 100 ms'),
    );
    expect(frozen.isLost).toBe(true);
    await proxy.close();
  });

  it('says once that it was lost, and fails what is sent after that', async () => {
    const doomed = await Connection.open(database.targets.owner, options);
    const [row] = await database.owner.query(
      sql`SELECT pid FROM pg_stat_activity WHERE application_name = 'test' AND datname = current_database() ORDER BY backend_start DESC LIMIT 1`,
    );
    const losses: unknown[] = [];
    const lost = new Promise<void>((resolve) => {
      doomed.onLost = (error) => {
        losses.push(sqlState(error));
        resolve();
      };
    });
    await database.owner.query(sql`SELECT pg_terminate_backend(${Number(row?.pid)})`);
    await lost;
    const [outcome] = await doomed.send([sql`SELECT 1`], 1_000);
    expect(outcome && 'error' in outcome).toBe(true);
    expect(losses).toEqual(['57P01']);
  });

  it('gives up in time on a server that takes the connection and says nothing', async () => {
    const proxy = await startProxy(database.targets.owner);
    proxy.freeze();
    await expect(Connection.open(proxy.target, { ...options, connectTimeoutMs: 100 })).rejects.toThrow(
      'no connection to PostgreSQL',
    );
    await proxy.close();
  });

  it('does not connect with a wrong password', async () => {
    const target = { ...inject('postgres').owner, ...database.targets.owner, password: 'guess' };
    const error: unknown = await Connection.open(target, options).catch((thrown: unknown) => thrown);
    expect(sqlState(error)).toBe('28P01');
  });
});
