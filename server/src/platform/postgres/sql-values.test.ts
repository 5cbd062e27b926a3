import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Statement, sql } from './sql.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';

describe('values on their way to the server and back', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());

  const one = async (statement: Statement) => (await database.owner.query(statement))[0]?.value;
  // PostgreSQL has no NUL in text.
  const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', ''));

  it('come back as they were: text', () =>
    fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect(await one(sql`SELECT ${value}::text AS value`)).toBe(value);
      }),
    ));

  it('come back as they were: arrays of text with quotes, braces, NULL and "NULL"', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.oneof(text, fc.constantFrom('NULL', '{}', '"', '\\')))),
        async (value) => {
          expect(await one(sql`SELECT ${value}::text[] AS value`)).toEqual(value);
        },
      ),
    ));

  it('come back as they were: bytes, alone and in arrays', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), async (value) => {
        const [row] = await database.owner.query(
          sql`SELECT ${value}::bytea[] AS value, ${value[0] ?? null}::bytea AS first`,
        );
        expect(row?.value).toEqual(value.map((bytes) => Buffer.from(bytes)));
        expect(row?.first).toEqual(value[0] ? Buffer.from(value[0]) : null);
      }),
    ));

  it('come back as they were: JSON', () =>
    fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const json = JSON.stringify(value);
        fc.pre(!json.includes('\\u0000'));
        expect(await one(sql`SELECT ${json}::json AS value`)).toEqual(JSON.parse(json));
      }),
    ));

  it('come back as they were: numbers and booleans', async () => {
    const [row] = await database.owner.query(sql`SELECT
      ${Number.MAX_SAFE_INTEGER}::bigint AS big, ${-1.5}::float8 AS real, ${Number.NaN}::float8 AS nan, ${7}::int AS int,
      ${[1, 2]}::bigint[] AS bigs, ${true}::boolean AS yes, ${[true, null]}::boolean[] AS some, ${12n}::bigint AS exact`);
    expect(row).toEqual({
      ...{ big: Number.MAX_SAFE_INTEGER, real: -1.5, nan: Number.NaN, int: 7 },
      ...{ bigs: [1, 2], yes: true, some: [true, null], exact: 12 },
    });
  });

  it('refuse a bigint that a number would change, rather than return another index', async () => {
    const value = 2n ** 53n;
    await expect(one(sql`SELECT ${value}::bigint AS value`)).rejects.toThrow('2^53');
    await expect(one(sql`SELECT ${[1n, -value]}::bigint[] AS value`)).rejects.toThrow('2^53');
    expect(await one(sql`SELECT ${value}::bigint::text AS value`)).toBe(String(value));
  });

  it('give instants as RFC 3339 in UTC with microseconds, which keyset pages need', async () => {
    expect(await one(sql`SELECT '2026-02-28 23:59:59.123456+02'::timestamptz AS value`)).toBe(
      '2026-02-28T21:59:59.123456Z',
    );
    const date = new Date('2026-02-28T21:59:59.120Z');
    expect(await one(sql`SELECT ${date}::timestamptz AS value`)).toBe('2026-02-28T21:59:59.12Z');
    expect(await one(sql`SELECT ARRAY[${date}::timestamptz, NULL] AS value`)).toEqual([
      '2026-02-28T21:59:59.12Z',
      null,
    ]);
    await expect(one(sql`SELECT 'infinity'::timestamptz AS value`)).rejects.toThrow('RFC 3339');
  });

  it('leave text what a number or a Date would round: numeric, date', async () => {
    expect(await one(sql`SELECT 0.10::numeric AS value`)).toBe('0.10');
    expect(await one(sql`SELECT '2026-02-28'::date AS value`)).toBe('2026-02-28');
  });
});
