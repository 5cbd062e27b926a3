import { isIP, isIPv6, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { networkOf, plainAddress, readAddress } from './address.ts';

const into = new Uint32Array(4);
const wordsOf = (text: string): readonly number[] | undefined => {
  const family = readAddress(text, into);
  return family && [...into.subarray(0, family === 4 ? 1 : 4)];
};

/** An IPv6 address as eight groups, in a spelling that is one of several. */
const spelled = fc
  .tuple(fc.array(fc.nat({ max: 0xffff }), { minLength: 8, maxLength: 8 }), fc.boolean(), fc.boolean())
  .map(([groups, upper, padded]) => {
    const texts = groups.map((group) => group.toString(16).padStart(padded ? 4 : 1, '0'));
    const text = texts.join(':');
    return { groups, text: upper ? text.toUpperCase() : text };
  });

describe('an address', () => {
  it.each([
    ['0.0.0.0', [0]],
    ['127.0.0.1', [0x7f000001]],
    ['255.255.255.255', [0xffffffff]],
    ['::', [0, 0, 0, 0]],
    ['::1', [0, 0, 0, 1]],
    ['2001:db8::8:800:200c:417a', [0x20010db8, 0, 0x00080800, 0x200c417a]],
    ['2001:DB8:0:0:8:800:200C:417A', [0x20010db8, 0, 0x00080800, 0x200c417a]],
    ['fe80::1%eth0', [0xfe800000, 0, 0, 1]],
    ['1::', [0x00010000, 0, 0, 0]],
    ['64:ff9b::192.0.2.33', [0x0064ff9b, 0, 0, 0xc0000221]],
  ])('%s is read', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it.each(['::ffff:192.0.2.1', '::ffff:c000:201', '0:0:0:0:0:FFFF:192.0.2.1', '::ffff:192.0.2.1%1'])(
    'that is mapped into IPv6 is the IPv4 address, so that no list is passed by in the other spelling: %s',
    (text) => {
      expect(wordsOf(text)).toEqual([0xc0000201]);
      expect(plainAddress(text)).toBe('192.0.2.1');
      expect(networkOf(text)).toBe('192.0.2.1');
    },
  );

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '1.2.3.',
    '.1.2.3',
    '0x7f.0.0.1',
    '2130706433',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::12345',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3.4.5',
    '::1.2.3',
    '[::1]',
    'localhost',
    '1:2:3:4:5:6:7:',
    ':1:2:3:4:5:6:7',
    '::g',
  ])('is nothing else: %j', (text) => {
    expect(wordsOf(text)).toBeUndefined();
  });

  it('is read as the platform reads it, whatever it looks like', () => {
    const character = fc.constantFrom(...'0123456789abcdefABCDEF:.%', '::', '::ffff:', '.0', '/');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: character, maxLength: 40 }), fc.ipV4(), fc.ipV6()), (text) => {
        // A zone may be anything there; only its address counts.
        const plain = text.replace(/(?<=.)%.*/, '');
        expect(wordsOf(plain) === undefined).toBe(isIP(plain) === 0);
      }),
      { numRuns: 20_000 },
    );
  });

  it('has one value in all its spellings', () => {
    fc.assert(
      fc.property(spelled, ({ groups, text }) => {
        const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
        const words = [0, 2, 4, 6].map((at) => ((groups[at] ?? 0) * 0x10000 + (groups[at + 1] ?? 0)) >>> 0);
        if (!mapped) expect(wordsOf(text)).toEqual(words);
        const short = new SocketAddress({ address: text, family: 'ipv6' }).address;
        expect(wordsOf(short)).toEqual(wordsOf(text));
      }),
    );
  });
});

describe('the network under which an address is counted', () => {
  it('is the /64 of an IPv6 address, in whatever spelling, since who has one address of it has all', () => {
    const network = networkOf('2001:db8:1:2::1');
    for (const same of ['2001:db8:1:2:ffff::', '2001:0DB8:0001:0002:0:0:0:7', '2001:db8:1:2::9%eth0'])
      expect(networkOf(same)).toBe(network);
    expect(networkOf('2001:db8:1:3::1')).not.toBe(network);
  });

  it('is an IPv4 address itself, and never that of an IPv6 network', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV6(), (v4, v6) => {
        expect(networkOf(v4)).toBe(v4);
        if (isIPv6(v6) && readAddress(v6, into) === 6) expect(networkOf(v6)).toContain(':');
      }),
    );
  });
});
