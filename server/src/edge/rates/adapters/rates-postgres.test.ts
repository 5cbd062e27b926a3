import { randomUUID } from 'node:crypto';
import { idOf } from '@vallum/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../kernel/index.ts';
import { sql } from '../../../platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from '../../../platform/postgres/testing/test-database.ts';
import { type Lease, type RateScope, slotMs } from '../ports.ts';
import { createSharedRates } from '../shared-rates.ts';
import { callerOf, exchangeOf } from '../testing/rated-exchange.ts';
import { leaseAt, nothingKept } from '../testing/simulated-store.ts';
import { postgresRates } from './rates-postgres.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const newScope = (): RateScope => ({
  organization: idOf('organization', randomUUID()),
  tenant: idOf('tenant', randomUUID()),
});
const stores = (count: number) =>
  Array.from({ length: count }, () => postgresRates(database.doors, systemClock));

describe('the arithmetic of a lease', () => {
  /** Moments near each other, in whatever order: clocks are set back. */
  const question = fc.record({
    atMs: fc.integer({ min: 1_800_000_000_000, max: 1_800_000_150_000 }),
    limit: fc.integer({ min: 1, max: 200 }),
    want: fc.integer({ min: 1, max: 120 }),
    unusedOf: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
    unused: fc.integer({ min: 1, max: 100 }),
  });

  it('is in the database what the model of the simulations says, over any history', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(question, { minLength: 1, maxLength: 12 }), async (questions) => {
        let kept = nothingKept;
        const leases: Lease[] = [];
        for (const { atMs, limit, want, unusedOf, unused: count } of questions) {
          const before = unusedOf === undefined ? undefined : leases.at(-1 - unusedOf);
          const unused = before && { slot: before.slot, count };
          const model = leaseAt(kept, atMs, { limit, want, unused });
          const [row] = await database.owner.query(
            sql`SELECT * FROM rate_lease_at(${kept.slot}, ${[...kept.granted]}::int[], ${atMs}, ${limit}, ${want}, ${unused?.slot ?? 0}, ${unused?.count ?? 0})`,
          );
          expect({
            kept: { slot: row?._slot, granted: row?._granted },
            given: row?._given,
            remaining: row?._remaining,
            ends: row?._ends_ms,
            more: row?._more_ms ?? slotMs,
          }).toEqual({
            kept: model.kept,
            given: model.lease.granted,
            remaining: model.lease.remaining,
            ends: model.lease.endsInMs,
            more: model.lease.moreInMs,
          });
          ({ kept } = model);
          leases.push(model.lease);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('rates in PostgreSQL', () => {
  it('grant no more than the limit to any number of processes that ask at once', async () => {
    const scope = newScope();
    const name = randomUUID();
    const many = stores(4);
    const leases = await Promise.all(
      Array.from({ length: 120 }, (_, i) =>
        many[i % 4]?.lease(scope, { name, limit: 100, want: 7, unused: undefined }),
      ),
    );
    const granted = leases.reduce((sum, lease) => sum + (lease?.granted ?? 0), 0);
    expect(granted).toBe(100);
    for (const lease of leases) {
      expect(lease?.endsInMs).toBeGreaterThanOrEqual(0);
      expect(lease?.endsInMs).toBeLessThan(slotMs);
      expect(lease?.moreInMs).toBeGreaterThan(0);
      expect(lease?.moreInMs).toBeLessThanOrEqual(65_000);
    }
  });

  it('take back what was not used, and give it to somebody else', async () => {
    const scope = newScope();
    const name = randomUUID();
    const [one, other] = stores(2);
    const lease = await one?.lease(scope, { name, limit: 10, want: 10, unused: undefined });
    expect(lease).toMatchObject({ granted: 10, remaining: 0 });
    expect(await other?.lease(scope, { name, limit: 10, want: 1, unused: undefined })).toMatchObject({
      granted: 0,
    });
    const unused = { slot: lease?.slot ?? 0, count: 4 };
    expect(await one?.lease(scope, { name, limit: 10, want: 1, unused })).toMatchObject({
      granted: 1,
      remaining: 3,
    });
    expect(await other?.lease(scope, { name, limit: 10, want: 9, unused: undefined })).toMatchObject({
      granted: 3,
    });
  });

  it('are of one tenant: another that knows the name has another rate, and sees nothing', async () => {
    const [mine, theirs] = [newScope(), newScope()];
    const name = randomUUID();
    const [store] = stores(1);
    const request = { name, limit: 5, want: 5, unused: undefined };
    expect(await store?.lease(mine, request)).toMatchObject({ granted: 5 });
    expect(await store?.lease(theirs, request)).toMatchObject({ granted: 5 });
    const [rows] = await database.doors.withTenant(theirs, [sql`SELECT tenant_id FROM rate_leases`]);
    expect(rows).toHaveLength(1);
  });

  it('hold 100 callers of two processes to the limit, who each ask again and again', async () => {
    const caller = { ...callerOf(50), ...newScope() };
    const doors = stores(2).map((store) => createSharedRates({ store, clock: systemClock }));
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        try {
          await doors[i % 2]?.take(exchangeOf(caller));
          return 'admitted';
        } catch (error) {
          return Reflect.get(error as object, 'code');
        }
      }),
    );
    const admitted = outcomes.filter((outcome) => outcome === 'admitted').length;
    expect(admitted).toBe(50);
    expect(new Set(outcomes)).toEqual(new Set(['admitted', 'rate-limited']));
  });

  it('are forgotten when nobody has come for long, and those of who comes are not', async () => {
    const scope = newScope();
    const [old, fresh] = [randomUUID(), randomUUID()];
    const insert = (name: string, slot: string) =>
      sql`INSERT INTO rate_leases (tenant_id, name, slot, granted)
          VALUES (app_tenant(), ${name}, extract(epoch FROM now()) * 1000 / ${slotMs} - ${slot}::int, array_fill(1, ARRAY[13]))`;
    await database.doors.withTenant(scope, [insert(old, '20'), insert(fresh, '3')]);
    const asking = randomUUID();
    await stores(1)[0]?.lease(scope, { name: asking, limit: 5, want: 1, unused: undefined });
    await expect
      .poll(
        async () => {
          const [rows = []] = await database.doors.withTenant(scope, [sql`SELECT name FROM rate_leases`]);
          return rows.map(({ name }) => name).sort();
        },
        { timeout: 20_000 },
      )
      .toEqual([fresh, asking].sort());
  });
});
