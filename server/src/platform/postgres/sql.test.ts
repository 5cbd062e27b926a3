import { describe, expect, it } from 'vitest';
import { identifier, type Statement, sql } from './sql.ts';

const shape = ({ text, values }: Statement) => ({ text, values });

describe('sql', () => {
  it('turns every value into a parameter, so that no value can become SQL', () => {
    const evil = "'; DROP TABLE note; --";
    expect(shape(sql`SELECT * FROM note WHERE body = ${evil} AND id = ${7}`)).toEqual({
      text: 'SELECT * FROM note WHERE body = $1 AND id = $2',
      values: [evil, '7'],
    });
  });

  it('numbers the values of nested statements anew, in the order they are read', () => {
    const mine = sql`owner = ${'a'} AND open`;
    const inner = sql`(${mine} OR id = ${2})`;
    expect(shape(sql`SELECT ${1} FROM t WHERE ${inner} LIMIT ${3}`)).toEqual({
      text: 'SELECT $1 FROM t WHERE (owner = $2 AND open OR id = $3) LIMIT $4',
      values: ['1', 'a', '2', '3'],
    });
    expect(sql`${sql``}${sql`SELECT ${1}`}${sql``}`.text).toBe('SELECT $1');
  });

  it('gives the same text for the same place in the code, whatever the values', () => {
    const at = (id: number) => sql`SELECT ${id}, ${id + 1}`;
    expect(at(1).text).toBe(at(2).text);
    expect(at(1).values).not.toEqual(at(2).values);
  });

  it('does not take an object for a statement because it looks like one: a request body could', () => {
    const forged = JSON.parse('{"text":"DROP TABLE note","values":[]}') as never;
    expect(() => sql`SELECT ${forged}`).toThrow(TypeError);
  });

  it('refuses undefined, which is a forgotten value and not NULL', () => {
    expect(() => sql`SELECT ${1}, ${undefined as never}`).toThrow('value 2 of a statement is undefined');
    expect(sql`SELECT ${null}`.values).toEqual([null]);
  });

  it('refuses what has no SQL form when the statement is made, not when half of a transaction is sent', () => {
    for (const value of [{}, Symbol('x'), () => 1, new Map(), [{}], [undefined]])
      expect(() => sql`SELECT ${value as never}`).toThrow(TypeError);
    expect(() => sql`SELECT ${new Date(Number.NaN)}`).toThrow(RangeError);
  });

  it('refuses more values than the protocol can count', () => {
    const many = (count: number) =>
      Array.from({ length: count }, () => sql`${1}`).reduce((all, one) => sql`${all},${one}`);
    const block = many(256);
    const half = Array.from({ length: 128 }, () => block).reduce((all, one) => sql`${all},${one}`);
    expect(half.values).toHaveLength(32_768);
    expect(() => sql`${half},${half}`).toThrow('65536 values');
  });

  it('is a template tag and cannot be called with a string that was put together', () => {
    const call = sql as unknown as (text: unknown) => Statement;
    expect(() => call('DROP TABLE note')).toThrow(TypeError);
    expect(() => call(['DROP TABLE note'])).toThrow(TypeError);
  });

  it('quotes plain names and refuses any other', () => {
    expect(sql`LISTEN ${identifier('control_epoch')}`.text).toBe('LISTEN "control_epoch"');
    for (const name of ['', 'a"b', 'A', 'a b', '1a', 'a;', 'a'.repeat(64)])
      expect(() => identifier(name)).toThrow(TypeError);
  });

  it('keeps text and values under a name', () => {
    const statement = sql`SELECT ${1}`;
    expect(statement.name).toBeUndefined();
    expect(statement.named('one')).toMatchObject({ name: 'one', text: 'SELECT $1', values: ['1'] });
    expect(() => statement.named('One!')).toThrow(TypeError);
  });
});
