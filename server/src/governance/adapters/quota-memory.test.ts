import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newId, type QuotaHold } from '../../kernel/index.ts';
import { memoryQuota } from './quota-memory.ts';

const tenant = newId('tenant', 1);

function setUp(tokensPerMinute: number) {
  let now = 600_000;
  const quota = memoryQuota({ clock: { now: () => now, micros: () => 0 }, tokensPerMinute });
  const hold = (tokens: number, of = tenant) => quota.hold({ tenant: of, tokens }) as QuotaHold;
  return { hold, pass: (ms: number) => (now += ms) };
}

describe('the quota of a process', () => {
  it('never admits more than the limit, whatever is held and settled in whatever order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ tokens: fc.nat(400), used: fc.nat(100), settle: fc.boolean() })),
        (asks) => {
          const { hold } = setUp(1_000);
          let [settled, held] = [0, 0];
          for (const { tokens, used, settle } of asks) {
            const fits = settled + held + tokens <= 1_000;
            if (!fits) {
              expect(() => hold(tokens)).toThrow(expect.objectContaining({ code: 'quota-exhausted' }));
              continue;
            }
            const open = hold(tokens);
            if (settle) {
              open.settle(used);
              settled += used;
            } else held += tokens;
          }
        },
      ),
    );
  });

  it('gives back once, however often it is settled', () => {
    const { hold } = setUp(100);
    const first = hold(100);
    first.settle(40);
    first.settle(0);
    expect(() => hold(61)).toThrow();
    hold(60);
  });

  it('begins anew each minute, but what is held stays held', () => {
    const { hold, pass } = setUp(100);
    hold(30);
    hold(70).settle(70);
    expect(() => hold(1)).toThrow(expect.objectContaining({ retryAfterSeconds: 60 }));
    pass(60_000);
    hold(70);
    expect(() => hold(1)).toThrow();
  });

  it('keeps tenants apart', () => {
    const { hold } = setUp(100);
    hold(100);
    hold(100, newId('tenant', 2));
  });
});
