import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { outcomeIsUnknown, sqlState } from './database-error.ts';
import { createDirectSession, type DirectSession, type Session } from './direct-session.ts';
import { createLedgerSession } from './ledger-session.ts';
import { sql } from './sql.ts';
import { type ServerProxy, startProxy } from './testing/proxy.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';

const limits = { name: 'test', statementTimeoutMs: 1_000, lockTimeoutMs: 200, idleInTransactionMs: 150 };
const lock = sql`SELECT pg_advisory_xact_lock(7)`;

describe('a direct session', () => {
  let database: TestDatabase;
  let proxy: ServerProxy;
  let session: DirectSession;
  beforeAll(async () => {
    database = await testDatabase();
    await database.owner.script('CREATE TABLE item (id int PRIMARY KEY)');
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.owner.query(sql`TRUNCATE item`);
    proxy = await startProxy(database.targets.owner);
    session = createDirectSession({ ...limits, target: proxy.target });
    await session.start();
  });
  afterEach(async () => {
    await session.stop();
    await proxy.close();
  });
  const insert = (id: number) => sql`INSERT INTO item VALUES (${id})`.named('insert_item');
  const stored = async () =>
    (await database.owner.query(sql`SELECT id FROM item ORDER BY id`)).map(({ id }) => id);

  it('runs one named statement as its own transaction', async () => {
    await session.query(insert(1));
    await session.query(insert(2));
    expect(await stored()).toEqual([1, 2]);
    expect(proxy.connections).toBe(1);
  });

  it('lets nobody between the statements of a transaction', async () => {
    const order: string[] = [];
    await Promise.all([
      session.transaction(async ({ query }) => {
        await query(lock);
        await query(insert(1));
        order.push('transaction');
      }),
      session.query(insert(2)).then(() => order.push('query')),
    ]);
    expect(order).toEqual(['transaction', 'query']);
  });

  it('is ended by the server when a transaction stands still, so that nobody waits for its lock for long', async () => {
    const stuck = session.transaction(async ({ query }) => {
      await query(lock);
      await new Promise((resolve) => setTimeout(resolve, 400));
      await query(insert(1));
    });
    await expect(stuck).rejects.toMatchObject({ code: 'unavailable' });
    expect(await stored()).toEqual([]);
    await session.query(insert(2));
    expect(await stored()).toEqual([2]);
  });

  it('does not wait for a lock longer than it may', async () => {
    const holder = createDirectSession({
      ...limits,
      idleInTransactionMs: 5_000,
      target: database.targets.owner,
    });
    const { promise: held, resolve: holding } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const other = holder.transaction(async ({ query }) => {
      await query(lock);
      holding();
      await released;
    });
    await held;
    const error: unknown = await session
      .transaction(({ query }) => query(lock))
      .catch((thrown: unknown) => thrown);
    expect([sqlState(error), outcomeIsUnknown(error)]).toEqual(['55P03', false]);
    release();
    await other;
    await holder.stop();
  });

  it('connects again after a loss, and tells who was under way that the result is unknown', async () => {
    proxy.cutAt('INSERT', 'after the server answered');
    const error: unknown = await session.query(insert(1)).catch((thrown: unknown) => thrown);
    expect(outcomeIsUnknown(error)).toBe(true);
    await session.query(insert(2));
    expect(await stored()).toEqual([1, 2]);
    expect(proxy.connections).toBe(2);
  });

  it('is unavailable while there is no server, and works when there is one again', async () => {
    const away = createDirectSession({ ...limits, target: { ...proxy.target, host: '/nowhere' } });
    await expect(away.query(insert(1))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(away.query(insert(1))).rejects.toMatchObject({ code: 'unavailable' });
    await away.stop();
    await expect(away.query(insert(1))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('checks each new connection before anything else runs on it', async () => {
    const seen: number[] = [];
    let refuse = false;
    const checked = createDirectSession({
      ...limits,
      target: proxy.target,
      whenConnected: async (own: Session) => {
        if (refuse) throw new Error('the log is behind');
        seen.push(...(await own.query(sql`SELECT id FROM item ORDER BY id`)).map(({ id }) => Number(id)));
        await own.transaction(async ({ query }) => query(insert(seen.length + 10)));
      },
    });
    await checked.query(insert(1));
    expect(await stored()).toEqual([1, 10]);
    proxy.cut();
    refuse = true;
    // Until the loss shows, a call may have been lost with the connection.
    let error: unknown;
    do error = await checked.query(insert(2)).catch((thrown: unknown) => thrown);
    while (outcomeIsUnknown(error));
    expect(error).toMatchObject({ message: 'the log is behind' });
    refuse = false;
    await checked.query(insert(3));
    expect([seen, await stored()]).toEqual([
      [1, 10],
      [1, 3, 10, 12],
    ]);
    await checked.stop();
  });

  it('sets the limits that protect everybody from a holder that hangs', async () => {
    const ledger = createLedgerSession({ target: database.targets.ledger });
    const [row] = await ledger.query(sql`SELECT current_user AS login,
      current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('lock_timeout') AS lock,
      current_setting('statement_timeout') AS statement, current_setting('client_connection_check_interval') AS presence`);
    expect(row).toEqual({ login: 'vallum_ledger', idle: '1s', lock: '2s', statement: '3s', presence: '1s' });
    await ledger.stop();
  });
});
