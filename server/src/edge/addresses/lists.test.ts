import { describe, expect, it } from 'vitest';
import { type AddressLists, type CountryRule, refusedBy } from './lists.ts';
import { createRangeBuilder, noRanges, type Ranges } from './ranges.ts';

function ranges(...cidrs: readonly string[]): Ranges {
  const builder = createRangeBuilder();
  for (const cidr of cidrs) builder.add(cidr);
  return builder.build();
}

const lists = (some: Partial<AddressLists>): AddressLists => ({
  deny: noRanges,
  allow: undefined,
  reputation: [],
  countries: undefined,
  ...some,
});

const home: Readonly<Record<string, string>> = { '192.0.2.1': 'DE', '198.51.100.1': 'FR' };
const countries = (allow: readonly string[], deny: readonly string[] = []): CountryRule => ({
  of: (address) => home[address],
  allow: allow.length > 0 ? new Set(allow) : undefined,
  deny: new Set(deny),
});

describe('the lists', () => {
  it.each([
    ['deny', lists({ deny: ranges('192.0.2.0/24') }), '192.0.2.1', 'deny'],
    ['deny, for others', lists({ deny: ranges('192.0.2.0/24') }), '192.0.3.1', undefined],
    [
      'deny, whatever allow says',
      lists({ deny: ranges('192.0.2.1'), allow: ranges('192.0.2.0/24') }),
      '192.0.2.1',
      'deny',
    ],
    ['allow', lists({ allow: ranges('192.0.2.0/24') }), '192.0.2.1', undefined],
    [
      'allow: everybody else is refused',
      lists({ allow: ranges('192.0.2.0/24') }),
      '198.51.100.1',
      'not-allowed',
    ],
    [
      'allow: this machine is not exempt',
      lists({ allow: ranges('192.0.2.0/24') }),
      '127.0.0.1',
      'not-allowed',
    ],
    ['allow: nor is it in the other family', lists({ allow: ranges('192.0.2.0/24') }), '::1', 'not-allowed'],
    ['allow that has nobody', lists({ allow: ranges() }), '192.0.2.1', 'not-allowed'],
    ['a mapped address', lists({ deny: ranges('192.0.2.0/24') }), '::ffff:192.0.2.1', 'deny'],
    [
      'reputation',
      lists({
        reputation: [
          { name: 'a', ranges: ranges('10.0.0.0/8') },
          { name: 'b', ranges: ranges('192.0.2.1') },
        ],
      }),
      '192.0.2.1',
      'reputation:b',
    ],
    [
      'reputation, whatever allow says',
      lists({ allow: ranges('192.0.2.1'), reputation: [{ name: 'a', ranges: ranges('192.0.2.1') }] }),
      '192.0.2.1',
      'reputation:a',
    ],
    ['a country that is denied', lists({ countries: countries([], ['DE']) }), '192.0.2.1', 'country-denied'],
    ['a country that is not', lists({ countries: countries([], ['DE']) }), '198.51.100.1', undefined],
    [
      'no country, where some are denied',
      lists({ countries: countries([], ['DE']) }),
      '127.0.0.1',
      undefined,
    ],
    ['a country that is allowed', lists({ countries: countries(['DE']) }), '192.0.2.1', undefined],
    ['another one', lists({ countries: countries(['DE']) }), '198.51.100.1', 'country-not-allowed'],
    [
      'no country, where some are allowed',
      lists({ countries: countries(['DE']) }),
      '127.0.0.1',
      'country-unknown',
    ],
    [
      'a country that is both',
      lists({ countries: countries(['DE'], ['DE']) }),
      '192.0.2.1',
      'country-denied',
    ],
    [
      'the country of a mapped address',
      lists({ countries: countries(['DE']) }),
      '::ffff:192.0.2.1',
      undefined,
    ],
    [
      'an address that is allowed, in a country that is not',
      lists({ allow: ranges('198.51.100.1'), countries: countries(['DE']) }),
      '198.51.100.1',
      'country-not-allowed',
    ],
    ['what is no address: nobody can say that no list has it', lists({}), 'unix', 'unreadable'],
    ['a peer that has gone', lists({}), '', 'unreadable'],
  ])('judge by %s', (_, given, address, refused) => {
    expect(refusedBy(given, address)).toBe(refused);
  });

  it('that cannot be asked let nobody in', () => {
    const damaged = lists({
      countries: {
        of() {
          throw new Error('damaged');
        },
        allow: undefined,
        deny: new Set(),
      },
    });
    expect(() => refusedBy(damaged, '192.0.2.1')).toThrow('damaged');
  });
});
