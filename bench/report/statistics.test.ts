import { describe, expect, it } from 'vitest';
import { median, quantile } from './statistics.ts';

describe('a median', () => {
  it('is the middle, or between the two in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
  });
});

describe('a quantile', () => {
  it('is a value that was measured, also at both ends', () => {
    const sorted = Float64Array.of(1, 2, 3, 4);
    expect([0, 0.5, 0.99, 1].map((share) => quantile(sorted, share))).toEqual([1, 3, 4, 4]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});
