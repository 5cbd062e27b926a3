/** What may stand in a `sql` template. JSON is sent as text: `${JSON.stringify(value)}::jsonb`. */
export type SqlValue = string | number | bigint | boolean | null | Date | Uint8Array | readonly SqlValue[];

/** A value as it travels: text, bytes, or NULL. */
export type SqlParameter = string | Buffer | null;

const bytesOf = (value: Uint8Array): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);

/**
 * The parameter for a value. Done when the statement is made, not when it is sent: the driver would find a bad value
 * in the middle of a pipelined transaction, leave that statement out, and still send the COMMIT.
 * @param index which value of the template it is, for the error.
 * @throws TypeError for what has no parameter form, RangeError for an invalid date.
 */
export function toParameter(value: SqlValue, index: number): SqlParameter {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return bytesOf(value);
  if (Array.isArray(value)) return arrayLiteral(value, index);
  return toText(value as Exclude<SqlValue, string | null | Uint8Array | readonly SqlValue[]>, index);
}

function toText(value: number | bigint | boolean | Date, index: number): string {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (value instanceof Date) return value.toISOString();
  throw new TypeError(
    value === undefined
      ? `value ${index + 1} of a statement is undefined; NULL is written as null`
      : `value ${index + 1} of a statement is of a type that has no SQL form: send JSON as text`,
  );
}

/** PostgreSQL's array literal (manual, section 8.15.2). Every element is quoted, so that none is read as NULL or a brace. */
function arrayLiteral(values: readonly SqlValue[], index: number): string {
  const elements = values.map((value) => {
    if (value === null) return 'NULL';
    if (Array.isArray(value)) return arrayLiteral(value, index);
    const parameter = toParameter(value, index);
    const text = Buffer.isBuffer(parameter) ? `\\x${parameter.toString('hex')}` : String(parameter);
    return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  });
  return `{${elements.join(',')}}`;
}
