import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, type Json } from './canonical.ts';

describe('canonical', () => {
  it('sorts members by code units, at every depth', () => {
    expect(canonical({ b: [{ z: 1, a: null }], a: 'x', A: true })).toBe(
      '{"A":true,"a":"x","b":[{"a":null,"z":1}]}',
    );
  });

  it('sorts integer-like names as text, which no JavaScript object does', () => {
    expect(canonical({ 9: 'nine', 10: 'ten', 1: 'one' })).toBe('{"1":"one","10":"ten","9":"nine"}');
  });

  it('gives the example of RFC 8785, section 3.2.2', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonical(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('is the same whatever the order of the members, and reads back as the same value', () => {
    const shuffled = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(shuffled)
        : value && typeof value === 'object'
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([name, member]) => [name, shuffled(member)]),
            )
          : value;
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = canonical(value as Json);
        expect(canonical(shuffled(value) as Json)).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], ['\ud800'], [{ '\udfff': 1 }]])(
    'refuses %j, which it cannot say',
    (value) => {
      expect(() => canonical(value as Json)).toThrow(TypeError);
    },
  );

  it('leaves out undefined members', () => {
    expect(canonical({ b: undefined, a: 1 })).toBe('{"a":1}');
  });
});
