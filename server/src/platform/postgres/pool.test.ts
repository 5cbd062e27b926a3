import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPool, type Pool } from './pool.ts';
import { sql } from './sql.ts';
import { type ServerProxy, startProxy } from './testing/proxy.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';
import { single } from './transaction.ts';

const options = {
  applicationName: 'test',
  connectTimeoutMs: 500,
  direct: true,
  max: 2,
  waitMs: 100,
  idleMs: 60_000,
};

describe('a pool', () => {
  let database: TestDatabase;
  let proxy: ServerProxy;
  let pool: Pool;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    proxy = await startProxy(database.targets.owner);
    pool = createPool(proxy.target, options);
  });
  afterEach(async () => {
    await pool.close();
    await proxy.close();
  });
  const backend = () =>
    pool.use(
      async (connection) =>
        (await single(connection, sql`SELECT pg_backend_pid() AS pid`, 1_000)).rows[0]?.pid,
    );

  it('uses the same connection again', async () => {
    expect(await backend()).toBe(await backend());
    expect(proxy.connections).toBe(1);
  });

  it('gives nobody a connection that somebody has', async () => {
    const { resolve: open, promise: opened } = Promise.withResolvers<void>();
    const held = pool.use(() => opened);
    const other = await backend();
    expect(proxy.connections).toBe(2);
    open();
    await held;
    expect(other).toBeDefined();
  });

  it('lets who comes too many wait, in order, and makes no more connections than it may', async () => {
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3, 4, 5, 6].map((number) =>
        pool.use(async (connection) => {
          order.push(number);
          await single(connection, sql`SELECT 1`, 1_000);
        }),
      ),
    );
    expect(order.filter((number) => number > options.max)).toEqual([3, 4, 5, 6]);
    expect(proxy.connections).toBe(2);
  });

  it('refuses who waited too long, and is none the worse for it', async () => {
    const { resolve: open, promise: opened } = Promise.withResolvers<void>();
    const held = [pool.use(() => opened), pool.use(() => opened)];
    await expect(backend()).rejects.toMatchObject({ code: 'unavailable' });
    open();
    await Promise.all(held);
    expect(await backend()).toBeDefined();
  });

  it('does not give on a connection that comes back inside of a transaction', async () => {
    const first = await pool.use(async (connection) => {
      await connection.send(['BEGIN'], 1_000);
      return (await connection.send([sql`SELECT pg_backend_pid() AS pid`], 1_000))[0];
    });
    expect(first).not.toMatchObject({ answer: { rows: [{ pid: await backend() }] } });
    expect(proxy.connections).toBe(2);
  });

  it('forgets a connection that broke while nobody used it', async () => {
    const first = await backend();
    const connection = await pool.use(async (used) => used);
    proxy.cut();
    while (!connection.isLost) await new Promise((resolve) => setImmediate(resolve));
    expect(await backend()).not.toBe(first);
  });

  it('makes room again for each connection that breaks in use', async () => {
    for (let round = 0; round < 5; round += 1)
      await expect(
        pool.use((connection) => {
          proxy.cut();
          return single(connection, sql`SELECT pg_sleep(10)`, 5_000);
        }),
      ).rejects.toMatchObject({ code: 'unavailable' });
    expect(await backend()).toBeDefined();
  });

  it('gives its place to who waits when a connection cannot be made', async () => {
    const nowhere = createPool({ ...proxy.target, host: '/nowhere' }, options);
    const calls = [1, 2, 3, 4, 5].map(() => nowhere.use(async () => 'never'));
    for (const call of await Promise.allSettled(calls))
      expect(call).toMatchObject({ reason: { code: 'unavailable', detail: undefined } });
    await nowhere.close();
  });

  it('closes what nobody has used for long', async () => {
    const eager = createPool(proxy.target, { ...options, idleMs: 30 });
    await eager.use(async () => undefined);
    const open = async () =>
      (
        await database.owner.query(
          sql`SELECT FROM pg_stat_activity WHERE application_name = 'test' AND datname = current_database()`,
        )
      ).length;
    expect(await open()).toBe(1);
    while ((await open()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await eager.close();
  });

  it('closes after what runs, and refuses what comes then', async () => {
    const { resolve: open, promise: opened } = Promise.withResolvers<void>();
    let done = false;
    const running = pool.use(async (connection) => {
      await opened;
      await single(connection, sql`SELECT 1`, 1_000);
      done = true;
    });
    const closing = pool.close();
    await expect(backend()).rejects.toMatchObject({ code: 'unavailable' });
    open();
    await closing;
    expect(done).toBe(true);
    await running;
  });
});
