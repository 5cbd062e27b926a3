import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAddress } from './address.ts';
import { addLines } from './list-text.ts';
import { cidrProblem, covers, createRangeBuilder, type Ranges } from './ranges.ts';

function rangesOf(...cidrs: readonly string[]): Ranges {
  const builder = createRangeBuilder();
  for (const cidr of cidrs) expect(builder.add(cidr)).toBeUndefined();
  return builder.build();
}

const words = new Uint32Array(4);
function has(ranges: Ranges, address: string): boolean {
  const family = readAddress(address, words);
  if (!family) throw new Error(`${address} is no address`);
  return covers(ranges, family, words);
}

/** Few different bits, so that networks meet. */
const bytes = (length: number) =>
  fc.array(fc.constantFrom(0, 1, 10, 127, 128, 192, 255), { minLength: length, maxLength: length });
const v4 = bytes(4).map((all) => all.join('.'));
const v6 = bytes(16).map((all) =>
  Array.from({ length: 8 }, (_, i) => ((all[2 * i] ?? 0) * 256 + (all[2 * i + 1] ?? 0)).toString(16)).join(
    ':',
  ),
);

/** A network: an address with the bits beyond a prefix taken away. */
const network = (family: 4 | 6) =>
  fc.tuple(bytes(family === 4 ? 4 : 16), fc.nat({ max: family === 4 ? 32 : 128 })).map(([all, prefix]) => {
    const kept = all.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - 8 * i))) & 0xff);
    const address =
      family === 4
        ? kept.join('.')
        : Array.from({ length: 8 }, (_, i) =>
            ((kept[2 * i] ?? 0) * 256 + (kept[2 * i + 1] ?? 0)).toString(16),
          ).join(':');
    return { address, prefix, family };
  });

/** Node takes mapped addresses for IPv4 too, and IPv4 for mapped; here the question is what is in which network. */
const isMapped = (address: string): boolean => readAddress(address, words) === 4;

describe('a set of addresses', () => {
  it('has what the platform says that its networks have, however they overlap', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(network(4), network(6)), { maxLength: 30 }),
        fc.array(fc.oneof(v4, v6), { maxLength: 30 }),
        (networks, addresses) => {
          const ranges = rangesOf(...networks.map(({ address, prefix }) => `${address}/${prefix}`));
          for (const address of [...addresses, ...networks.map((each) => each.address)]) {
            const family = address.includes(':') ? 6 : 4;
            if (family === 6 && isMapped(address)) continue;
            const expected = networks.some((each) => {
              if (each.family !== family) return false;
              const one = new BlockList();
              one.addSubnet(each.address, each.prefix, `ipv${family}`);
              return one.check(address, `ipv${family}`);
            });
            expect({ address, is: has(ranges, address) }).toEqual({ address, is: expected });
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has the first and the last address of a network, and neither neighbour', () => {
    const ranges = rangesOf('10.1.0.0/16', '192.0.2.7', '2001:db8::/33', '2001:db8:ffff::1/128');
    for (const inside of [
      '10.1.0.0',
      '10.1.255.255',
      '192.0.2.7',
      '2001:db8::',
      '2001:db8:7fff:ffff:ffff:ffff:ffff:ffff',
      '2001:db8:ffff::1',
    ])
      expect({ inside, is: has(ranges, inside) }).toEqual({ inside, is: true });
    for (const outside of [
      '10.0.255.255',
      '10.2.0.0',
      '192.0.2.6',
      '192.0.2.8',
      '2001:db7:ffff:ffff::',
      '2001:db8:8000::',
      '2001:db8:ffff::2',
    ])
      expect({ outside, is: has(ranges, outside) }).toEqual({ outside, is: false });
  });

  it('keeps the families apart: all of IPv6 is no IPv4 address, and a mapped network is one of IPv4', () => {
    expect(has(rangesOf('::/0'), '192.0.2.1')).toBe(false);
    expect(has(rangesOf('0.0.0.0/0'), '2001:db8::1')).toBe(false);
    expect(has(rangesOf('::ffff:192.0.2.0/120'), '192.0.2.255')).toBe(true);
    expect(has(rangesOf('192.0.2.0/24'), '::ffff:192.0.2.255')).toBe(true);
  });

  it('of nothing has nobody', () => {
    for (const address of ['0.0.0.0', '::', '255.255.255.255']) expect(has(rangesOf(), address)).toBe(false);
  });

  it('leaves out what lies in another network', () => {
    const { v4: kept } = rangesOf('10.0.0.0/8', '10.1.2.3', '10.0.0.0/16', '10.0.0.0/8', '11.0.0.0/8');
    expect([...kept]).toEqual([0x0a000000, 0x0affffff, 0x0b000000, 0x0bffffff]);
  });
});

describe('a network', () => {
  it.each([
    ['10.0.0.0/33', 'prefix'],
    ['10.0.0.0/', 'prefix'],
    ['10.0.0.0/08', 'prefix'],
    ['10.0.0.0/-1', 'prefix'],
    ['10.0.0.0/8/8', 'prefix'],
    ['::/129', 'prefix'],
    ['::ffff:10.0.0.0/64', 'prefix'],
    ['10.0.0.1/8', 'beyond its prefix'],
    ['2001:db8::1/64', 'beyond its prefix'],
    ['10.0.0', 'is not an IP address'],
    ['example.org', 'is not an IP address'],
    ['fe80::1%eth0', 'is not an IP address'],
    ['', 'is not an IP address'],
    ['10.0.0.0 /8', 'is not an IP address'],
  ])('is not %j: it says why, and nothing is added', (text, why) => {
    expect(cidrProblem(text)).toContain(why);
    const builder = createRangeBuilder();
    builder.add(text);
    expect(builder.count()).toBe(0);
  });
});

describe('the text of a list', () => {
  it('is a network a line, with comments, blank lines, either line end and a byte order mark', () => {
    const builder = createRangeBuilder();
    const text = '\ufeff# drop\r\n10.0.0.0/8 ; SBL1\r\n\r\n  2001:db8::/32  # lab\n\n192.0.2.1';
    expect(addLines(text, builder)).toBeUndefined();
    expect(builder.count()).toBe(3);
    expect(has(builder.build(), '192.0.2.1')).toBe(true);
  });

  it('is refused with the number of the first line that is wrong, and not with what it says', () => {
    const problem = addLines('10.0.0.0/8\n# fine\n10.0.0.0/99\nnonsense', createRangeBuilder());
    expect(problem).toMatch(/^line 3 has a prefix/);
    expect(problem).not.toContain('99');
  });

  it('may be empty: then it has nobody', () => {
    expect(addLines('', createRangeBuilder())).toBeUndefined();
    expect(addLines('\n# nobody yet\n', createRangeBuilder())).toBeUndefined();
  });
});
