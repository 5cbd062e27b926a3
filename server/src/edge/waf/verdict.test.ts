import { describe, expect, it } from 'vitest';
import { decide, type Exception, type Finding, stricter, strictest } from './verdict.ts';

const finding: Finding = { rule: 'sql-union', family: 'sql', where: 'query q', score: 5 };
const inspection = { findings: [finding], incomplete: false, micros: 10 };
const at = { route: '/v1/agents', nowMs: 1_000 };
const decisionWith = (...exceptions: Exception[]): string =>
  decide(inspection, { mode: 'block', exceptions }, at).decision;

describe('a verdict', () => {
  it('blocks from the threshold on, and only tells where the mode is to detect', () => {
    expect(decide(inspection, strictest, at)).toMatchObject({ decision: 'block', score: 5 });
    expect(decide(inspection, { mode: 'detect', exceptions: [] }, at)).toMatchObject({
      decision: 'allow',
      score: 5,
      findings: [finding],
    });
    expect(decide({ ...inspection, findings: [{ ...finding, score: 4 }] }, strictest, at).decision).toBe(
      'allow',
    );
  });

  it('is never weaker than the organization wants', () => {
    expect(stricter('block', 'detect')).toBe('block');
    expect(stricter('detect', 'block')).toBe('block');
    expect(stricter('detect', 'detect')).toBe('detect');
  });

  it.each<[string, Exception, string]>([
    ['its rule', { rule: 'sql-union', untilMs: 2_000 }, 'allow'],
    ['its family', { family: 'sql', untilMs: 2_000 }, 'allow'],
    ['its rule on this route', { rule: 'sql-union', route: '/v1/agents', untilMs: 2_000 }, 'allow'],
    ['another rule', { rule: 'sql-delay', untilMs: 2_000 }, 'block'],
    ['its rule in another family', { rule: 'sql-union', family: 'xss', untilMs: 2_000 }, 'block'],
    ['its rule on another route', { rule: 'sql-union', route: '/v1/tools', untilMs: 2_000 }, 'block'],
    ['its rule until now', { rule: 'sql-union', untilMs: 1_000 }, 'block'],
    ['everything, which none may', { route: '/v1/agents', untilMs: 2_000 }, 'block'],
  ])('with an exception for %s: %s', (_, exception, decision) => {
    expect(decisionWith(exception)).toBe(decision);
  });

  it('blocks what could not be judged whole, in any mode', () => {
    expect(
      decide({ ...inspection, findings: [], incomplete: true }, { mode: 'detect', exceptions: [] }, at)
        .decision,
    ).toBe('block');
  });
});
