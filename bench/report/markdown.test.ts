import { describe, expect, it } from 'vitest';
import { atLeast, atMost, budgetTable, figure, table } from './markdown.ts';

describe('a figure', () => {
  it('has three figures that mean something, and says when there is none', () => {
    expect([0, 0.01234, 1.5, 12.34, 123.4, 12_345.6, -4.56].map((value) => figure(value))).toEqual([
      '0',
      '0.0123',
      '1.50',
      '12.3',
      '123',
      '12,346',
      '-4.56',
    ]);
    expect([figure(undefined, ' ms'), figure(Number.NaN)]).toEqual(['–', '–']);
  });
});

describe('a table', () => {
  it('keeps a cell in its column whatever it holds', () => {
    expect(table(['a', 'b'], [['x|y\nz', '1']])).toBe('| a | b |\n| --- | ---: |\n| x\\|y z | 1 |');
  });
});

describe('a budget', () => {
  it('is met at its limit, missed beyond it, and neither when nothing was measured', () => {
    const lines = [atMost('a', 2, 2), atMost('a', 2.01, 2), atLeast('b', 5, 5), atLeast('b', 4.9, 5)];
    expect(lines.map(({ met }) => met)).toEqual([true, false, true, false]);
    expect(atMost('a', undefined, 2).met).toBeUndefined();
    expect(budgetTable([atMost('a', Number.NaN, 2)])).toContain('| a | ≤ 2 | – | not measured |');
  });
});
