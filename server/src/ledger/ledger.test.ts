import { parseVkey, verifyCheckpoint } from '@vallum/contract/tlog';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../kernel/index.ts';
import { sql } from '../platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from '../platform/postgres/testing/test-database.ts';
import { createProvers } from './head.ts';
import {
  type Deployment,
  entryOf,
  type TestLedger,
  testDeployment,
  testLedger,
} from './testing/test-ledger.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

async function rowsOf({ tenant }: Deployment) {
  const [rows = []] = await database.doors.withTenant({ organization: newId('organization', 1), tenant }, [
    sql`SELECT id, phase, position, kind FROM ledger_entries WHERE tenant_id = app_tenant() ORDER BY position`,
  ]);
  return rows;
}

describe('a ledger', () => {
  it('appends what comes at once in few batches, in the order of arrival, with an index each', async () => {
    const deployment = await testDeployment(database);
    const ledger = await testLedger(deployment);
    const indices = await Promise.all(
      Array.from({ length: 700 }, () => ledger.append(entryOf(deployment.tenant))),
    );
    expect(indices).toEqual(Array.from({ length: 700 }, (_, i) => (indices[0] ?? 0) + i));
    const rows = await rowsOf(deployment);
    expect(rows.map(({ position }) => position)).toEqual(indices);
    const [{ last } = { last: undefined }] = (await ledger.store.logs()).slice(-1);
    expect(ledger.troubles).toEqual([]);
    const verified = verifyCheckpoint(last?.checkpoint ?? '', parseVkey(ledger.vkey()));
    if (!verified.ok) throw new Error(verified.message);
    const { root, size } = verified.checkpoint;
    const [log] = (await ledger.store.logs()).slice(-1);
    expect([...(await createProvers(ledger.store)(log?.log.log ?? 0).rootAt(size))]).toEqual([...root]);
    await ledger.stop();
    await deployment.remove();
  });

  it('keeps an entry once, however often and from wherever it is appended', async () => {
    const deployment = await testDeployment(database);
    const ledger = await testLedger(deployment);
    const entry = entryOf(deployment.tenant);
    const [a, b] = await Promise.all([ledger.append(entry), ledger.append(entry)]);
    expect(b).toBe(a);
    await ledger.stop();
    const again: TestLedger = await testLedger(deployment);
    expect(await again.append(entry)).toBe(a);
    expect(await rowsOf(deployment)).toHaveLength(1);
    await again.stop();
    await deployment.remove();
  });

  it('is one log, however many processes append to it at once', async () => {
    const deployment = await testDeployment(database);
    const ledgers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => testLedger(deployment, { name })));
    const counts = await Promise.all(
      ledgers.map(async (ledger) => {
        const indices: number[] = [];
        for (let round = 0; round < 25; round++) {
          indices.push(
            ...(await Promise.all(
              Array.from({ length: 8 }, () => ledger.append(entryOf(deployment.tenant))),
            )),
          );
        }
        return indices;
      }),
    );
    const all = counts.flat().sort((x, y) => x - y);
    expect(new Set(all).size).toBe(800);
    expect((await rowsOf(deployment)).map(({ position }) => position)).toEqual(all);
    for (const ledger of ledgers) {
      expect(ledger.troubles).toEqual([]);
      await ledger.stop();
    }
    const next = await testLedger(deployment, { name: 'a' });
    expect(next.troubles).toEqual([]);
    expect(await next.append(entryOf(deployment.tenant))).toBeGreaterThan(all.at(-1) ?? 0);
    await next.stop();
    await deployment.remove();
  });
});
