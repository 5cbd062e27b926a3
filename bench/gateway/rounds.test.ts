import { describe, expect, it } from 'vitest';
import type { Measurement } from './measure.ts';
import { over, ratio } from './rounds.ts';

const measured = (perSecond: number): Measurement => ({
  perSecond,
  cpuMicros: 1_000 / perSecond,
  postgresMicros: undefined,
  p50Ms: 1,
  p99Ms: 2,
  commitMs: undefined,
});

const result = {
  cell: { stream: false, connections: 1, model: 'instant' },
  // In the second round the whole machine was ten times slower.
  measured: new Map([
    ['a', [100, 10, 100].map(measured)],
    ['b', [50, 5, 40].map(measured)],
  ]),
  problems: new Map<string, string>(),
};

describe('rounds', () => {
  it('compare what was measured in the same round, so that a slow moment of the machine meets both sides', () => {
    expect(ratio(result, ['b', 'a'], (each) => each.perSecond)).toBe(0.5);
    expect(over(result, 'a', (each) => each.perSecond)).toBe(100);
  });

  it('say nothing about a server that was not measured', () => {
    expect(ratio(result, ['c', 'a'], (each) => each.perSecond)).toBeUndefined();
    expect(ratio(result, ['a', 'c'], (each) => each.perSecond)).toBeUndefined();
    expect(over(result, 'a', (each) => each.commitMs)).toBeUndefined();
  });
});
