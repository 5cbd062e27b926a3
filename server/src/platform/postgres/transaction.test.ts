import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/index.ts';
import { Connection } from './connection.ts';
import { outcomeIsUnknown, sqlState } from './database-error.ts';
import { type Statement, sql } from './sql.ts';
import { type ServerProxy, startProxy } from './testing/proxy.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';
import { interact, single, transact } from './transaction.ts';

const timeoutMs = 2_000;

describe('a transaction', () => {
  let database: TestDatabase;
  let proxy: ServerProxy;
  let connection: Connection;
  beforeAll(async () => {
    database = await testDatabase();
    await database.owner.script(`
      CREATE TABLE item (id int PRIMARY KEY, parent int REFERENCES item DEFERRABLE INITIALLY DEFERRED);
      CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'hm'; RETURN NULL; END $$;
      CREATE TABLE warning (id int);
      CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON warning DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION warn();
    `);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    proxy = await startProxy(database.targets.owner);
    connection = await Connection.open(proxy.target, {
      applicationName: 'test',
      connectTimeoutMs: 2_000,
      direct: true,
    });
    await database.owner.query(sql`TRUNCATE item, warning`);
  });
  afterEach(async () => {
    await connection.close();
    await proxy.close();
  });

  const insert = (id: number, parent: number | null = null) =>
    sql`INSERT INTO item VALUES (${id}, ${parent}) RETURNING id`;
  const stored = async () =>
    (await database.owner.query(sql`SELECT id FROM item ORDER BY id`)).map(({ id }) => id);
  const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Fault);
    return error as Fault;
  };
  const run = (...statements: Statement[]) => transact(connection, statements, timeoutMs);
  const killBackend = async () => {
    const [row] = await single(connection, sql`SELECT pg_backend_pid() AS pid`, timeoutMs).then(
      ({ rows }) => rows,
    );
    return () => database.owner.query(sql`SELECT pg_terminate_backend(${Number(row?.pid)})`);
  };

  it('gives the rows of each statement once they are committed, in one round trip', async () => {
    proxy.withholdAnswersUntil('COMMIT');
    const answers = await run(insert(1), sql`SELECT ${'x'}::text AS x`);
    expect(answers.map(({ rows }) => rows)).toEqual([[{ id: 1 }], [{ x: 'x' }]]);
    expect(await stored()).toEqual([1]);
  });

  it('leaves nothing behind when a statement in its middle fails, and says which error it was', async () => {
    const fault = await faultOf(run(insert(1), sql`SELECT 1/0`, insert(2)));
    expect([sqlState(fault), outcomeIsUnknown(fault)]).toEqual(['22012', false]);
    expect(await stored()).toEqual([]);
    expect(connection.reusable).toBe(true);
  });

  it('fails when the commit itself is refused', async () => {
    const fault = await faultOf(run(insert(1, 99)));
    expect([sqlState(fault), outcomeIsUnknown(fault)]).toEqual(['23503', false]);
    expect(await stored()).toEqual([]);
  });

  it('is certain that nothing happened when the server ended the session before the commit', async () => {
    const kill = await killBackend();
    const running = faultOf(run(insert(1), sql`SELECT pg_sleep(30)`));
    await waitUntil(async () => {
      const [row] = await database.owner.query(
        sql`SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = 'active' AND pid <> pg_backend_pid()`,
      );
      return row?.n === 1;
    });
    await kill();
    const fault = await running;
    expect([fault.code, sqlState(fault), outcomeIsUnknown(fault)]).toEqual(['unavailable', '57P01', false]);
    expect(await stored()).toEqual([]);
    expect(connection.reusable).toBe(false);
  });

  it('does not know the outcome when the connection broke after the commit was sent, whether it was done or not', async () => {
    proxy.cutAt('COMMIT', 'after the server answered');
    const fault = await faultOf(run(insert(1)));
    expect([fault.code, outcomeIsUnknown(fault)]).toEqual(['unavailable', true]);
    expect(await stored()).toEqual([1]);
  });

  it('does not know the outcome either when the server never heard of it', async () => {
    proxy.cutAt('COMMIT', 'before the server hears');
    const fault = await faultOf(run(insert(1)));
    expect([fault.code, outcomeIsUnknown(fault)]).toEqual(['unavailable', true]);
    expect(await stored()).toEqual([]);
  });

  it('does not take a commit for durable that came with a warning: a replica may not have it', async () => {
    const fault = await faultOf(run(sql`INSERT INTO warning VALUES (1)`));
    expect([fault.code, outcomeIsUnknown(fault)]).toEqual(['unavailable', true]);
  });

  it('does not claim a rollback when BEGIN was refused, since the rest was then no transaction', async () => {
    await connection.send(['BEGIN', sql`SELECT 1/0`], timeoutMs);
    expect(outcomeIsUnknown(await faultOf(run(insert(1))))).toBe(true);
  });

  it('says that what it read is not readable, after the commit', async () => {
    const fault = await faultOf(run(insert(1), sql`SELECT ${2n ** 60n}::bigint AS big`));
    expect([fault.code, outcomeIsUnknown(fault)]).toEqual(['internal', false]);
    expect(await stored()).toEqual([1]);
  });

  describe('of one statement', () => {
    it('is unknown when the connection broke before its answer', async () => {
      proxy.cutAt('INSERT', 'after the server answered');
      expect(outcomeIsUnknown(await faultOf(single(connection, insert(1), timeoutMs)))).toBe(true);
      expect(await stored()).toEqual([1]);
    });

    it('is not done when the server refused it, also at its implicit commit', async () => {
      const fault = await faultOf(single(connection, insert(1, 99), timeoutMs));
      expect([sqlState(fault), outcomeIsUnknown(fault)]).toEqual(['23503', false]);
    });

    it('is unknown when the commit came with a warning', async () => {
      expect(
        outcomeIsUnknown(await faultOf(single(connection, sql`INSERT INTO warning VALUES (1)`, timeoutMs))),
      ).toBe(true);
    });
  });

  describe('that reads before it writes', () => {
    it('commits when its work resolves', async () => {
      const next = await interact(
        connection,
        async ({ query }) => {
          const [row] = await query(sql`SELECT coalesce(max(id), 0) + 1 AS next FROM item`);
          await query(insert(Number(row?.next)));
          return row?.next;
        },
        timeoutMs,
      );
      expect([next, await stored()]).toEqual([1, [1]]);
    });

    it('rolls back when its work rejects, and gives back that error', async () => {
      const own = new Error('changed my mind');
      const work = interact(
        connection,
        async ({ query }) => {
          await query(insert(1));
          throw own;
        },
        timeoutMs,
      );
      await expect(work).rejects.toBe(own);
      expect([await stored(), connection.reusable]).toEqual([[], true]);
    });

    it('is not committed by work that swallows an error', async () => {
      const fault = await faultOf(
        interact(
          connection,
          async ({ query }) => {
            await query(insert(1));
            await query(sql`SELECT 1/0`).catch(() => undefined);
          },
          timeoutMs,
        ),
      );
      expect([outcomeIsUnknown(fault), await stored()]).toEqual([false, []]);
    });

    it('refuses a statement after its end, which would run outside of it', async () => {
      let leaked: ((statement: Statement) => Promise<unknown>) | undefined;
      await interact(
        connection,
        async ({ query }) => {
          leaked = query;
          await query(insert(1));
        },
        timeoutMs,
      );
      await expect(leaked?.(insert(2))).rejects.toMatchObject({ code: 'internal' });
      expect(await stored()).toEqual([1]);
    });

    it('knows that nothing is committed when the connection breaks before the commit', async () => {
      const fault = await faultOf(
        interact(
          connection,
          async ({ query }) => {
            await query(insert(1));
            proxy.cut();
            await query(insert(2));
          },
          timeoutMs,
        ),
      );
      expect([fault.code, outcomeIsUnknown(fault), await stored()]).toEqual(['unavailable', false, []]);
    });

    it('does not know when the connection breaks during the commit', async () => {
      proxy.cutAt('COMMIT', 'after the server answered');
      const fault = await faultOf(interact(connection, ({ query }) => query(insert(1)), timeoutMs));
      expect([fault.code, outcomeIsUnknown(fault), await stored()]).toEqual(['unavailable', true, [1]]);
    });

    it('sends nothing when its work asked nothing', async () => {
      expect(await interact(connection, async () => 7, timeoutMs)).toBe(7);
      expect(connection.inTransaction).toBe(false);
    });
  });
});

/** Asks until it is so; the test's own limit ends it otherwise. */
async function waitUntil(so: () => Promise<boolean>): Promise<void> {
  while (!(await so())) await new Promise((resolve) => setTimeout(resolve, 5));
}
