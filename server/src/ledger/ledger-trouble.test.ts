import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { idOf } from '@vallum/contract';
import { parseVkey, verifyCheckpoint } from '@vallum/contract/tlog';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault, newId, systemClock } from '../kernel/index.ts';
import { type Row, sql } from '../platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from '../platform/postgres/testing/test-database.ts';
import type { LedgerStore } from './ports.ts';
import { entryOf, type TestDeployment, testDeployment, testLedger } from './testing/test-ledger.ts';

let database: TestDatabase;
let deployment: TestDeployment;
beforeEach(async () => {
  database = await testDatabase();
  deployment = await testDeployment(database);
});
afterEach(async () => {
  await database.close();
  await deployment.remove();
});

async function entries(tenant = deployment.tenant): Promise<Row[]> {
  const [rows = []] = await database.doors.withTenant(
    { organization: idOf('organization', '00000000-0000-7000-8000-000000000000'), tenant },
    [
      sql`SELECT id, phase, position, kind FROM ledger_entries WHERE tenant_id = app_tenant() ORDER BY position`,
    ],
  );
  return rows;
}

const lost = (): never => {
  throw new Fault('unavailable', { because: 'the connection was cut' });
};

/** Loses the answers of the first appends: `after` those are in the log nevertheless. */
function losing(times: number, after: boolean) {
  return (store: LedgerStore): LedgerStore => {
    let left = times;
    const cut = async <T>(append: () => Promise<T>): Promise<T> => {
      if (left-- <= 0) return append();
      if (after) await append();
      return lost();
    };
    return {
      ...store,
      append: (batch) => cut(() => store.append(batch)),
      locked: (work) => cut(() => store.locked(work)),
    };
  };
}

describe('an answer that never came', () => {
  it.each([
    ['and the batch is in the log', true],
    ['and the batch is not in the log', false],
  ])('%s: each entry is there once, at the index that was given', async (_, after) => {
    const first = await testLedger(deployment);
    await first.stop();
    const ledger = await testLedger(deployment, { store: losing(3, after) });
    const ids = Array.from({ length: 40 }, () => newId('request', Date.now()));
    const indices = await Promise.all(
      ids.map((id) => ledger.append(entryOf(deployment.tenant, 'change', id))),
    );
    const rows = await entries();
    expect(rows.map(({ id, position }) => [idOf('request', id as string), position])).toEqual(
      ids.map((id, i) => [id, indices[i]]),
    );
    expect(ledger.troubles.length).toBeGreaterThan(0);
    await ledger.stop();
  });

  it('among others who append: no entry is doubled and none is lost', async () => {
    await (await testLedger(deployment)).stop();
    const ledgers = await Promise.all([
      testLedger(deployment, { name: 'a', store: losing(2, true) }),
      testLedger(deployment, { name: 'b', store: losing(2, false) }),
      testLedger(deployment, { name: 'c' }),
    ]);
    const appended: number[] = [];
    await Promise.all(
      ledgers.map(async (ledger) => {
        for (let round = 0; round < 10; round++) {
          appended.push(
            ...(await Promise.all(
              Array.from({ length: 5 }, () => ledger.append(entryOf(deployment.tenant))),
            )),
          );
        }
      }),
    );
    expect((await entries()).map(({ position }) => position)).toEqual(appended.sort((x, y) => x - y));
    expect(new Set(appended).size).toBe(150);
    for (const ledger of ledgers) await ledger.stop();
  });
});

describe('a database that does not answer', () => {
  it('makes callers wait for so long and no longer; their entries are sealed when it answers again', async () => {
    let down = false;
    const ledger = await testLedger(deployment, {
      waitMs: 200,
      store: (store) => ({
        ...store,
        append: (batch) => (down ? lost() : store.append(batch)),
        locked: (work) => (down ? lost() : store.locked(work)),
      }),
    });
    down = true;
    await expect(ledger.append(entryOf(deployment.tenant))).rejects.toMatchObject({ code: 'unavailable' });
    expect(await entries()).toEqual([]);
    down = false;
    // The pause before its next attempt may be longer than a caller waits.
    await until(async () => ledger.outstanding() === 0);
    expect(await entries()).toHaveLength(1);
    await ledger.stop();
  });

  it('refuses at once when too many wait, and drops none that it accepted', async () => {
    let down = false;
    const ledger = await testLedger(deployment, {
      waitMs: 300,
      outstanding: 10,
      store: (store) => ({
        ...store,
        append: (batch) => (down ? lost() : store.append(batch)),
        locked: (work) => (down ? lost() : store.locked(work)),
      }),
    });
    await ledger.append(entryOf(deployment.tenant));
    down = true;
    const results = await Promise.allSettled(
      Array.from({ length: 25 }, () => ledger.append(entryOf(deployment.tenant))),
    );
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    down = false;
    await until(async () => ledger.outstanding() === 0);
    await ledger.append(entryOf(deployment.tenant));
    expect(await entries()).toHaveLength(12);
    await ledger.stop();
  });
});

describe('a process that died', () => {
  it('has the exchanges that it left open sealed as lost, once, whoever finds it', async () => {
    const dead = await testLedger(deployment, { name: 'dead' });
    const [open, ended] = [newId('request', Date.now()), newId('request', Date.now())];
    await dead.append(entryOf(deployment.tenant, 'intent', ended));
    await dead.append(entryOf(deployment.tenant, 'intent', open));
    await dead.append({
      entry: {
        ...entryOf(deployment.tenant, 'intent', ended).entry,
        kind: 'outcome',
        phase: 1,
        ended: 'complete',
      },
    });
    // It is not stopped: it just never appends again. Two others start, both told that it is dead.
    const finders = await Promise.all(
      ['x', 'y'].map((name) => testLedger(deployment, { name, dead: [dead.writer] })),
    );
    await until(async () =>
      (await entries()).some(
        ({ kind, phase, id }) => kind === 'outcome' && phase === 1 && idOf('request', id as string) === open,
      ),
    );
    expect(
      (await entries())
        .filter(({ kind }) => kind === 'outcome')
        .map(({ id }) => idOf('request', id as string)),
    ).toEqual([ended, open]);

    // When it wakes up it can append nothing more, and knows.
    await expect(dead.append(entryOf(deployment.tenant))).rejects.toMatchObject({ code: 'unavailable' });
    expect(dead.fenced()).toBe(true);
    for (const ledger of [...finders, dead]) await ledger.stop();
  });

  it('is fenced after the batch that it had under way, so that what that batch opens is found too', async () => {
    const dead = await testLedger(deployment, { name: 'dead' });
    await dead.append(entryOf(deployment.tenant));
    // The database is slow in the middle of this batch: past its look at the fence, before its end.
    await database.owner.script('BEGIN; LOCK TABLE ledger_entries IN SHARE ROW EXCLUSIVE MODE');
    const open = newId('request', Date.now());
    const appended = dead.append(entryOf(deployment.tenant, 'intent', open));
    await until(async () => {
      const waiting = sql`SELECT pid FROM pg_locks WHERE relation = 'ledger_entries'::regclass AND NOT granted`;
      return (await database.owner.query(waiting)).length > 0;
    });
    const starting = testLedger(deployment, { name: 'finder', dead: [dead.writer] });
    await sleep(300);
    await database.owner.script('COMMIT');
    await appended;
    const finder = await starting;
    await until(async () => (await entries()).some(({ id, phase }) => phase === 1 && isOf(id, open)));
    for (const ledger of [finder, dead]) await ledger.stop();
  });

  it('on its way to an orderly stop has what it left open sealed as lost', async () => {
    const first = await testLedger(deployment, { name: 'first' });
    const open = newId('request', Date.now());
    await first.append(entryOf(deployment.tenant, 'intent', open));
    await first.stop();
    const second = await testLedger(deployment, { name: 'second', dead: [first.writer] });
    await until(async () => (await entries()).some(({ id, phase }) => phase === 1 && isOf(id, open)));
    await second.stop();
  });

  it('that stopped in order has left nothing to find', async () => {
    const first = await testLedger(deployment, { name: 'first' });
    await first.append(entryOf(deployment.tenant));
    await first.stop();
    const second = await testLedger(deployment, { name: 'second', dead: [first.writer] });
    expect(await entries()).toHaveLength(1);
    await second.stop();
  });
});

describe('a database that lost what it had', () => {
  async function forget(fromNext: number): Promise<void> {
    // As a restore to an earlier state would leave it.
    await database.owner.query(sql`DELETE FROM ledger_batches WHERE next > ${fromNext}`);
  }

  it('is noticed at the start: its origin freezes, a new one begins, and indices are not used twice', async () => {
    const before = await testLedger(deployment);
    const indices = [];
    for (let i = 0; i < 5; i++) indices.push(await before.append(entryOf(deployment.tenant)));
    await before.stop();
    await forget(3);

    const after = await testLedger(deployment);
    const index = await after.append(entryOf(deployment.tenant));
    const logs = await after.store.logs();
    expect(logs.map(({ frozen }) => frozen)).toEqual(['behind', undefined]);
    expect(new Set(logs.map(({ log }) => log.origin)).size).toBe(2);
    expect(index).toBeGreaterThan(Math.max(...indices));
    for (const { log, last } of logs) {
      expect(verifyCheckpoint(last?.checkpoint ?? '', parseVkey(log.vkey))).toMatchObject({ ok: true });
    }
    // The new log says, as its first entry, what it follows and why.
    expect((await entries(deployment.platform)).map(({ kind }) => kind)).toEqual(['log', 'log']);
    await after.stop();

    const later = await testLedger(deployment);
    expect(await later.store.logs()).toHaveLength(2);
    await later.stop();
  });

  it('is noticed when it has an entry of another history in its place', async () => {
    const before = await testLedger(deployment, { name: 'a' });
    for (let i = 0; i < 3; i++) await before.append(entryOf(deployment.tenant));
    await before.stop();
    await forget(2);
    // Another process, whose mark is elsewhere, went on from there.
    const other = await testLedger(deployment, { name: 'b' });
    for (let i = 0; i < 3; i++) await other.append(entryOf(deployment.tenant));
    await other.stop();

    const again = await testLedger(deployment, { name: 'a' });
    expect((await again.store.logs()).map(({ frozen }) => frozen)).toEqual(['forked', undefined]);
    await again.stop();
  });

  it('does not start on a tree that does not lead to its own signed head', async () => {
    const before = await testLedger(deployment);
    for (let i = 0; i < 3; i++) await before.append(entryOf(deployment.tenant));
    await before.stop();
    await database.owner.query(
      sql`UPDATE ledger_batches SET commitments = decode(repeat('ab', 32), 'hex') WHERE start = 1`,
    );
    const after = await testLedger(deployment);
    const frozen = (await after.store.logs()).map((log) => log.frozen);
    expect(['damaged', 'forked']).toContain(frozen[0]);
    await after.append(entryOf(deployment.tenant));
    await after.stop();
  });
});

describe('the turn of a year', () => {
  it('closes the log and begins the next one, in the middle of what is appended', async () => {
    const nextYear = new Date().getUTCFullYear() + 1;
    let now = Date.UTC(nextYear, 0, 1) - 1_000;
    await database.owner.script(
      `CREATE TABLE around_new_year PARTITION OF ledger_entries FOR VALUES FROM (uuidv7_at('${nextYear - 1}-12-31')) TO (uuidv7_at('${nextYear}-01-02'))`,
    );
    const ledger = await testLedger(deployment, { clock: { ...systemClock, now: () => now } });
    const last = await ledger.append(entryOf(deployment.tenant));
    now = Date.UTC(nextYear, 0, 1);
    const first = await ledger.append(entryOf(deployment.tenant));
    expect(first).toBeGreaterThan(last);
    const logs = await ledger.store.logs();
    expect(logs.map(({ log, frozen }) => [log.origin, frozen])).toEqual([
      [`test.local/deployment/${nextYear - 1}`, 'ended'],
      [`test.local/deployment/${nextYear}`, undefined],
    ]);
    expect(ledger.vkey()).toContain(`test.local/deployment/${nextYear}+`);
    await ledger.stop();
  });
});

describe('a log that was begun by a process that died before its first entry', () => {
  it('has that entry from the next one, since it says what the log follows', async () => {
    const dying = testLedger(deployment, { store: (store) => ({ ...store, append: lost }) });
    await expect(dying).rejects.toMatchObject({ code: 'unavailable' });
    const ledger = await testLedger(deployment);
    await ledger.append(entryOf(deployment.tenant));
    expect(await ledger.store.logs()).toHaveLength(1);
    expect((await entries(deployment.platform)).map(({ kind, position }) => [kind, position])).toEqual([
      ['log', 0],
    ]);
    await ledger.stop();
  });
});

describe('an entry that the database refuses', () => {
  it('is refused alone: those that came with it are in the log, and so are those after it', async () => {
    const ledger = await testLedger(deployment);
    // No partition holds the day of this id.
    const impossible = entryOf(deployment.tenant, 'change', newId('request', Date.UTC(1999, 0, 1)));
    const results = await Promise.allSettled(
      [entryOf(deployment.tenant), impossible, entryOf(deployment.tenant)].map(ledger.append),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await ledger.append(entryOf(deployment.tenant));
    expect(await entries()).toHaveLength(3);
    await ledger.stop();
  });
});

describe('the journal', () => {
  it('is in the ledger after a restart when the ledger did not answer before it', async () => {
    let down = false;
    const before = await testLedger(deployment, {
      store: (store) => ({
        ...store,
        append: (batch) => (down ? lost() : store.append(batch)),
        locked: (work) => (down ? lost() : store.locked(work)),
      }),
    });
    await before.append(entryOf(deployment.tenant));
    down = true;
    const entry = entryOf(deployment.tenant);
    await before.journal(entry);
    expect(await readdir(path.join(deployment.folder, 'one', 'journal'))).toHaveLength(1);
    // The process dies here; nothing of it is stopped before another one starts in its place.
    const after = await testLedger(deployment, { dead: [before.writer] });
    await until(async () =>
      (await entries()).some(({ id }) => idOf('request', id as string) === entry.entry.id),
    );
    await until(async () => (await readdir(path.join(deployment.folder, 'one', 'journal'))).length === 0);
    await after.stop();
    await before.stop();
  });
});

const isOf = (uuid: unknown, id: string): boolean => idOf('request', uuid as string) === id;

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await condition()) return;
    await sleep(25);
  }
  throw new Error('this did not come true in 5 s');
}
