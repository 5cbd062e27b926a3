import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameMark, step, withTexts } from './json-pointer.ts';

/** Every string value in a JSON value, with its pointer. */
function strings(value: unknown, pointer = ''): { pointer: string; text: string }[] {
  if (typeof value === 'string') return [{ pointer, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => strings(member, `${pointer}/${step(name)}`));
}

/** As a body arrives: what `JSON.parse` makes of it. */
const parsed = fc.json().map((text): unknown => JSON.parse(text));

describe('withTexts', () => {
  it('replaces every string that is pointed to, and nothing else', () => {
    fc.assert(
      fc.property(parsed, (value) => {
        const before = JSON.stringify(value);
        const found = strings(value);
        const replaced = withTexts(
          value,
          found.map(({ pointer, text }) => ({ pointer, text: `<${text}>` })),
        );
        expect(strings(replaced)).toEqual(found.map(({ pointer, text }) => ({ pointer, text: `<${text}>` })));
        expect(JSON.stringify(value)).toBe(before);
      }),
    );
  });

  it('gives back the same value where nothing is to be replaced', () => {
    fc.assert(
      fc.property(parsed, (value) => {
        expect(withTexts(value, [])).toBe(value);
      }),
    );
  });

  it('shares what does not change, so that a redaction does not copy a whole body', () => {
    const body = { a: { b: 'x' }, c: { d: 'y' } };
    const changed = withTexts(body, [{ pointer: '/a/b', text: 'z' }]) as typeof body;
    expect(changed).toEqual({ a: { b: 'z' }, c: { d: 'y' } });
    expect(changed.c).toBe(body.c);
  });

  it('reaches names with slashes, tildes and nothing in them', () => {
    const body = { 'a/b': 'x', '~1': 'y', '': 'z' };
    const changed = withTexts(
      body,
      strings(body).map(({ pointer }, i) => ({ pointer, text: String(i) })),
    );
    expect(changed).toEqual({ 'a/b': '0', '~1': '1', '': '2' });
  });

  it('gives a member another name, in its place, and keeps its value', () => {
    const changed = withTexts({ a: 1, 'x@example.com': { b: 'c' }, z: 2 }, [
      { pointer: `/x@example.com${nameMark}`, text: '[EMAIL]' },
      { pointer: '/x@example.com/b', text: 'd' },
    ]);
    expect(JSON.stringify(changed)).toBe('{"a":1,"[EMAIL]":{"b":"d"},"z":2}');
  });

  it('keeps members apart whose names become the same', () => {
    const changed = withTexts({ one: 1, two: 2, N: 3 }, [
      { pointer: `/one${nameMark}`, text: 'N' },
      { pointer: `/two${nameMark}`, text: 'N' },
    ]);
    expect(changed).toEqual({ N_2: 1, N_3: 2, N: 3 });
  });

  it('changes no prototype, whatever the names are', () => {
    const body: unknown = JSON.parse(
      '{"__proto__":{"polluted":"no"},"a":{"constructor":{"prototype":"x"}},"b":"c"}',
    );
    const changed = withTexts(body, [
      { pointer: '/__proto__/polluted', text: 'yes' },
      { pointer: '/a/constructor/prototype', text: 'y' },
      { pointer: `/b${nameMark}`, text: '__proto__' },
    ]);
    expect(JSON.stringify(changed)).toBe(
      '{"__proto__":{"polluted":"yes"},"a":{"constructor":{"prototype":"y"}},"__proto___2":"c"}',
    );
    expect(Object.getPrototypeOf(changed)).toBe(Object.prototype);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    const renamed = withTexts({ b: 'c' }, [{ pointer: `/b${nameMark}`, text: '__proto__' }]);
    expect(JSON.stringify(renamed)).toBe('{"__proto__":"c"}');
  });

  it('makes null of what is no string, since it cannot hold the text', () => {
    expect(withTexts({ logprobs: [{ token: 'a' }] }, [{ pointer: '/logprobs', text: 'b' }])).toEqual({
      logprobs: null,
    });
  });

  it.each([
    '/absent',
    '/a/absent',
    '/list/2',
    '/list/-1',
    '/list/01x',
    '/list/length',
    '/text/0',
    '/toString',
    '/__proto__',
    'a',
    '~#',
    '/list/0~#',
  ])('refuses %s, which leads to nothing: a redaction that was not made must not go unnoticed', (pointer) => {
    expect(() => withTexts({ a: {}, list: ['x', 'y'], text: 't' }, [{ pointer, text: 'z' }])).toThrow(
      TypeError,
    );
  });
});
