import pg from 'pg';

/** A row as PostgreSQL sent it, by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** A value that arrived and has no safe form here. Its transaction may have been committed all the same. */
export class UnreadableValue extends Error {
  override readonly name = 'UnreadableValue';
}

type Decode = (text: string) => unknown;

/** A bigint that a number cannot hold would come back as another number: an index, an offset, money. */
const int8: Decode = (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new UnreadableValue('a bigint is outside of ±(2^53 - 1)');
  return value;
};

const instant = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)\+00$/;

/** RFC 3339 in UTC with all of PostgreSQL's microseconds; a Date has none, and would make keyset pages skip rows. */
const timestamptz: Decode = (text) => {
  const [, date, time] = instant.exec(text) ?? [];
  if (date === undefined) throw new UnreadableValue('a timestamptz has no RFC 3339 form, or is not in UTC');
  return `${date}T${time}Z`;
};

const bytea: Decode = (text) => {
  if (!text.startsWith('\\x')) throw new UnreadableValue('bytea_output is not hex');
  return Buffer.from(text.slice(2), 'hex');
};

const bool: Decode = (text) => text === 't';
const json: Decode = (text) => JSON.parse(text) as unknown;
const asText: Decode = (text) => text;

/** The driver's parser of `text[]`; its typings list no array types. */
const textArray: (text: string) => unknown[] = pg.types.getTypeParser(1009 as never, 'text');

function arrayOf(decode: Decode): Decode {
  const each = (element: unknown): unknown =>
    Array.isArray(element) ? element.map(each) : typeof element === 'string' ? decode(element) : null;
  return (text) => textArray(text).map(each);
}

/** By type OID (`pg_type.dat`): the type's own, and that of its array. What is not here stays text, numeric and date too. */
const decoders = new Map<number, Decode>(
  (
    [
      [16, 1000, bool],
      [17, 1001, bytea],
      [20, 1016, int8],
      [21, 1005, Number],
      [23, 1007, Number],
      [25, 1009, asText],
      [26, 1028, Number],
      [114, 199, json],
      [700, 1021, Number],
      [701, 1022, Number],
      [1043, 1015, asText],
      [1082, 1182, asText],
      [1184, 1185, timestamptz],
      [1700, 1231, asText],
      [2950, 2951, asText],
      [3802, 3807, json],
    ] as const
  ).flatMap(([oid, arrayOid, decode]): [number, Decode][] => [
    [oid, decode],
    [arrayOid, arrayOf(decode)],
  ]),
);

/** The types that connections here decode by. */
export const resultTypes = {
  getTypeParser: (oid: number): Decode => decoders.get(oid) ?? asText,
};
