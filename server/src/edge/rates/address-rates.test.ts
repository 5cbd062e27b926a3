import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/index.ts';
import { createAddressRates } from './address-rates.ts';

const windowMs = 300_000;

function setUp(namesKept = 100) {
  let now = 1_800_000_000_000;
  const rates = createAddressRates({
    clock: { now: () => now, micros: () => now * 1_000 },
    windowMs,
    limits: { anonymous: 3, authenticated: 5 },
    namesKept,
  });
  const times = (count: number, act: () => void): void => {
    for (let i = 0; i < count; i++) act();
  };
  return {
    ...rates,
    times,
    pass(ms: number) {
      now += ms;
    },
  };
}

const refusal = (act: () => void): unknown => {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Fault ? { code: error.code, seconds: error.retryAfterSeconds } : error;
  }
};

describe('an address', () => {
  it('that has used up what it may without a credential is refused for the rest of its window, and not longer', () => {
    const { check, countAnonymous, times, pass } = setUp();
    countAnonymous('192.0.2.1');
    pass(100_000);
    times(2, () => countAnonymous('192.0.2.1'));
    expect(refusal(() => check('192.0.2.1'))).toEqual({ code: 'rate-limited', seconds: 200 });
    // Who goes on asking is not refused for longer.
    pass(199_500);
    countAnonymous('192.0.2.1');
    expect(refusal(() => check('192.0.2.1'))).toEqual({ code: 'rate-limited', seconds: 1 });
    pass(500);
    expect(refusal(() => check('192.0.2.1'))).toBeUndefined();
  });

  it('is refused in every spelling, and another one is not', () => {
    const { check, countAnonymous, times } = setUp();
    times(3, () => countAnonymous('192.0.2.1'));
    expect(refusal(() => check('::ffff:192.0.2.1'))).toBeDefined();
    expect(refusal(() => check('192.0.2.2'))).toBeUndefined();
  });

  it('of IPv6 is counted with its whole /64: who has one of it has all', () => {
    const { check, countAnonymous } = setUp();
    for (const last of ['1', '2', 'ffff']) countAnonymous(`2001:db8:0:1::${last}`);
    expect(refusal(() => check('2001:db8:0:1:a:b:c:d'))).toBeDefined();
    expect(refusal(() => check('2001:db8:0:2::1'))).toBeUndefined();
  });

  it('with valid credentials has a ceiling of its own, and does not use up the other one', () => {
    const { check, countAnonymous, takeAuthenticated, times, pass } = setUp();
    times(5, () => takeAuthenticated('192.0.2.1'));
    expect(refusal(() => takeAuthenticated('192.0.2.1'))).toEqual({ code: 'rate-limited', seconds: 300 });
    expect(refusal(() => check('192.0.2.1'))).toBeUndefined();
    times(2, () => countAnonymous('192.0.2.1'));
    expect(refusal(() => check('192.0.2.1'))).toBeUndefined();
    pass(windowMs);
    expect(refusal(() => takeAuthenticated('192.0.2.1'))).toBeUndefined();
  });

  it('is forgotten when there are too many, the one first that came first: memory is bounded', () => {
    const { check, countAnonymous, times } = setUp(2);
    for (const last of [1, 2, 3]) times(3, () => countAnonymous(`192.0.2.${last}`));
    expect([1, 2, 3].map((last) => refusal(() => check(`192.0.2.${last}`)) !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
  });
});
