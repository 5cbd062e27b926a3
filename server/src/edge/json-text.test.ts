import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonText } from './json-text.ts';

describe('a body in JSON', () => {
  it('is read as JSON.parse reads it, whatever is in its strings', () =>
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
        expect(parseJsonText(text)).toEqual(JSON.parse(text));
      }),
    ));

  it.each([
    '{"a":":{","b":"\\\\\\":,[","c":{"a":1},"d":[{"a":1},{"a":1}]}',
    '{"__proto__":{"__proto__":1},"constructor":{}}',
    '{"":{"":[":"]}}',
    ' { "a" : [ ] , "b" : null } ',
    '"a:b"',
    '1',
  ])('may be %s', (text) => {
    expect(JSON.stringify(parseJsonText(text))).toBe(JSON.stringify(JSON.parse(text)));
  });

  it.each([
    ['{"content":"kind","content":"evil"}', 'content'],
    ['{"content":"kind","c\\u006fntent":"evil"}', 'content'],
    ['{"a":1,"b":[{"x":{}},{"c":"\\"c\\":","c":2}]}', 'c'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"1":1,"1":2}', '1'],
    ['{"":1,"":2}', ''],
  ])(
    'may not be %s: readers differ in which of both they take, and guards must see what is read',
    (text, name) => {
      expect(() => parseJsonText(text)).toThrow(
        expect.objectContaining({
          code: 'input-invalid',
          detail: `body: ${JSON.stringify(name)} is given twice in one object.`,
        }),
      );
    },
  );

  it('says that a member is twice in exactly the texts where one is', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', '\\u0061', 'c:', 'd\\"'), { maxLength: 5 }), (names) => {
        const text = `[{"x":{${names.map((name) => `"${name}":{}`).join()}}}]`;
        const read = names.map((name) => JSON.parse(`"${name}"`) as string);
        if (new Set(read).size === read.length) expect(parseJsonText(text)).toEqual(JSON.parse(text));
        else expect(() => parseJsonText(text)).toThrow(/given twice/);
      }),
    ));

  it.each([['[{]'], ['{"a":1'], ['"a'], ['"a\\"'], [''], ['{"a":1,}'], ['\ufeff{}'], ['[1]]']])(
    'may not be %j',
    (text) => {
      expect(() => parseJsonText(text)).toThrow(/not valid JSON/);
    },
  );

  it('is refused before it is parsed where that would take long, for its depth or its number of values', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(parseJsonText(nested(128))).toHaveLength(1);
    expect(() => parseJsonText(nested(129))).toThrow(/deeper than 128/);
    expect(() => parseJsonText('{"a":'.repeat(5_000_000))).toThrow(/deeper than 128/);
    expect(() => parseJsonText(`[${'1,'.repeat(500_001)}1]`)).toThrow(/more than 500000 values/);
  });
});
