import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNarrower, networkProblem, withinAny } from './networks.ts';

const v4 = fc.ipV4();
const v6 = fc.ipV6();
const address = fc.oneof(v4, v6);

/** The network of an address with so many bits of prefix. */
const network = fc.oneof(
  fc.tuple(v4, fc.integer({ min: 0, max: 32 })),
  fc.tuple(v6, fc.integer({ min: 0, max: 128 })),
);

/** Node's own lists, as another reader of the same words. Of mapped addresses it has views of its own. */
function listed(first: string, bits: number, text: string): boolean {
  const list = new BlockList();
  list.addSubnet(first, bits, first.includes(':') ? 'ipv6' : 'ipv4');
  return list.check(text, text.includes(':') ? 'ipv6' : 'ipv4');
}
const isMapped = (text: string): boolean => new URL(`http://[${text}]`).hostname.startsWith('[::ffff:');

describe('networks', () => {
  it('hold what Node’s lists hold, of both families', () => {
    fc.assert(
      fc.property(network, address, ([first, bits], text) => {
        fc.pre(![first, text].some((each) => each.includes(':') && isMapped(each)));
        const sameFamily = first.includes(':') === text.includes(':');
        expect(withinAny([`${first}/${bits}`])(text)).toBe(sameFamily && listed(first, bits, text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('hold every address with their first bits, and the next one after their last not', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 32 }), (value, bits) => {
        const dotted = (n: number): string => [24, 16, 8, 0].map((shift) => (n >>> shift) & 0xff).join('.');
        const size = 2 ** (32 - bits);
        const first = value - (value % size);
        const inside = withinAny([`${dotted(first)}/${bits}`]);
        expect([first, value, first + size - 1].map((n) => inside(dotted(n)))).toEqual([true, true, true]);
        if (first + size < 2 ** 32) expect(inside(dotted(first + size))).toBe(false);
        if (first > 0) expect(inside(dotted(first - 1))).toBe(false);
      }),
    );
  });

  it.each([
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:0a01:0203', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::/0', '10.1.2.3', false],
    ['0.0.0.0/0', '::1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '', false],
    ['2001:db8::/32', 'nonsense', false],
  ])('%s and %s: %s', (cidr, text, inside) => {
    expect(withinAny([cidr])(text)).toBe(inside);
  });

  it.each([
    '10.0.0.7/8',
    '2001:db8::1/64',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0/8',
    'fe80::%eth0/10',
    '',
    '/8',
    '10.0.0.0/8/8x',
    '10.0.0.0/',
    '10.0.0.0/0x8',
    '10.0.0.0/1e1',
  ])('are none, or more than one thing: %s', (cidr) => {
    expect(networkProblem(cidr)).toBeTypeOf('string');
  });

  it.each(['10.0.0.0/8', '0.0.0.0/0', '192.0.2.7', '::/0', '2001:db8::/32', '::1', '::ffff:10.0.0.0/104'])(
    'are good as %s',
    (cidr) => {
      expect(networkProblem(cidr)).toBeUndefined();
    },
  );

  it('narrow a list when nobody new gets in, and no network is everywhere', () => {
    expect(isNarrower(['10.1.0.0/16'], ['10.0.0.0/8'])).toBe(true);
    expect(isNarrower(['10.0.0.0/8'], ['10.1.0.0/16'])).toBe(false);
    expect(isNarrower(['10.0.0.0/8', '::1'], ['10.0.0.0/8'])).toBe(false);
    expect(isNarrower(['10.0.0.0/8'], [])).toBe(true);
    expect(isNarrower([], ['10.0.0.0/8'])).toBe(false);
    expect(isNarrower([], [])).toBe(true);
  });

  it('that narrow another list let nobody in that it refused', () => {
    const cidr = network.map(([first, bits]) => `${first}/${bits}`);
    const list = fc.array(cidr, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(list, list, address, (one, other, text) => {
        if (isNarrower(one, other) && withinAny(one)(text)) expect(withinAny(other)(text)).toBe(true);
      }),
    );
  });
});
