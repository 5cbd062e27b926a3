import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, readNetwork, trustedProxies } from './address.ts';

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('has one spelling, so that nobody is two: %s is %s', (text, one) => {
    expect(canonicalAddress(text)).toBe(one);
  });

  it.each(['', 'localhost', '192.0.2', '192.0.2.01', '1.2.3.4.5', '::1::', '[::1]', '192.0.2.1:80', ' ::1'])(
    'is not %j',
    (text) => expect(canonicalAddress(text)).toBeUndefined(),
  );

  it('stays as it is once it has its one spelling', () =>
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const one = canonicalAddress(text);
        expect(one).toBeDefined();
        expect(canonicalAddress(one ?? '')).toBe(one);
      }),
    ));
});

describe('trusted proxies', () => {
  it.each([
    '10.0.0.0/33',
    '10.0.0.0/08',
    '::/129',
    '10.0.0.0/',
    '/8',
    'x/8',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    '10.0.0.0/-1',
  ])('are not written as %j', (text) => expect(readNetwork(text)).toBeUndefined());

  it('are those of the networks alone; without any there are none', () => {
    const isTrusted = trustedProxies(['10.1.0.0/16', '192.0.2.7', '2001:db8::/32']);
    for (const yes of ['10.1.2.3', '192.0.2.7', '2001:db8:ffff::1']) expect(isTrusted(yes)).toBe(true);
    for (const no of ['10.2.0.1', '192.0.2.8', '2001:db9::1', '::1']) expect(isTrusted(no)).toBe(false);
    expect(trustedProxies([])('127.0.0.1')).toBe(false);
  });
});
