import { describe, expect, it } from 'vitest';
import { Fault } from '../kernel/index.ts';
import type { AddressLists } from './addresses/index.ts';
import { callerOf, exchangeOf } from './rates/testing/rated-exchange.ts';
import { createScreening } from './screening.ts';

/** What was done, in its order, on a path whose parts say so. */
function setUp(options: { lists?: AddressLists; slow?: boolean; denied?: boolean } = {}) {
  const done: string[] = [];
  const denied = (): never => {
    done.push('refused');
    throw new Fault('address-refused');
  };
  const screening = createScreening({
    lists: () => options.lists,
    refuse: denied,
    organizations: {
      check() {
        done.push('organization');
        const answer = (): void => (options.denied ? denied() : undefined);
        return options.slow ? Promise.resolve().then(answer) : answer();
      },
    },
    addressRates: {
      check: () => void done.push('address'),
      countAnonymous: () => void done.push('anonymous'),
      takeAuthenticated: () => void done.push('authenticated'),
    },
    rates: { take: () => void done.push('key') },
  });
  return { ...screening, done };
}

const everybody: AddressLists = {
  deny: { v4: Uint32Array.of(0, 0xffffffff), v6: new Uint32Array(0) },
  allow: undefined,
  reputation: [],
  countries: undefined,
};

describe('the screen', () => {
  it('counts who turns out to be nobody we know, once it is over', () => {
    const { screen, done } = setUp();
    const x = exchangeOf(undefined);
    screen(x);
    expect(done).toEqual(['address']);
    x.over();
    expect(done).toEqual(['address', 'anonymous']);
  });

  it('does not count who turns out to be a caller', () => {
    const { screen, done } = setUp();
    const x = exchangeOf(undefined);
    screen(x);
    x.caller = callerOf(1);
    x.over();
    expect(done).toEqual(['address']);
  });

  it('refuses who is on a list before anything else, and counts nothing', () => {
    const { screen, done } = setUp({ lists: everybody });
    const x = exchangeOf(undefined);
    expect(() => screen(x)).toThrow(Fault);
    x.over();
    expect(done).toEqual(['refused']);
  });
});

describe('the limit', () => {
  it.each([false, true])(
    'takes nothing from a key that may not be used from there (asked for: %s)',
    async (slow) => {
      const { limit, done } = setUp({ denied: true, slow });
      await expect((async () => limit(exchangeOf(callerOf(1))))()).rejects.toMatchObject({
        code: 'address-refused',
      });
      expect(done).toEqual(['authenticated', 'organization', 'refused']);
    },
  );

  it.each([false, true])(
    'counts the address, asks the lists, and takes from the rate, in this order (asked for: %s)',
    async (slow) => {
      const { limit, done } = setUp({ slow });
      await limit(exchangeOf(callerOf(1)));
      expect(done).toEqual(['authenticated', 'organization', 'key']);
    },
  );

  it('is not for paths that need no credential', async () => {
    const { limit, done } = setUp();
    await limit(exchangeOf(undefined));
    expect(done).toEqual([]);
  });
});
