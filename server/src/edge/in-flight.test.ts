import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InFlight, type UnderWay } from './in-flight.ts';

describe('what is in flight', () => {
  it('is what was added and not taken out, in the order of adding, whatever is taken out and how often', () =>
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant('add' as const), fc.nat(30))), (acts) => {
        const list = new InFlight<number>();
        const made: UnderWay<number>[] = [];
        const expected = new Set<number>();
        for (const act of acts) {
          if (act === 'add') {
            expected.add(made.length);
            made.push(list.add(made.length));
          } else {
            const one = made[act];
            if (one) list.remove(one);
            expected.delete(act);
          }
          expect(list.all()).toEqual([...expected]);
          expect(list.size).toBe(expected.size);
          expect(list.first?.what).toBe([...expected][0]);
        }
      }),
    ));

  it('refers from what is over to nobody, so that it keeps nobody alive', () => {
    const list = new InFlight<string>();
    const [a, b, c] = ['a', 'b', 'c'].map((each) => list.add(each));
    if (!(a && b && c)) throw new Error('three were added');
    list.remove(b);
    expect(b).toEqual({ what: 'b', before: undefined, after: undefined });
    expect(a.after).toBe(c);
    expect(c.before).toBe(a);
  });
});
