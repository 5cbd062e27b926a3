import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/index.ts';
import { canonicalAddress, trustedProxies } from './address.ts';
import { type AddressHeader, clientBehind } from './client-address.ts';

const proxies = ['10.0.0.0/8', 'fd00::/8'];
const isTrusted = trustedProxies(proxies);
const peer = '10.0.0.1';
const behind = (value: string, header: AddressHeader = 'x-forwarded-for'): string =>
  clientBehind(header, value, peer, isTrusted);

const headers = ['x-forwarded-for', 'forwarded'] as const;
const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => canonicalAddress(text) ?? '');
const stranger = address.filter((text) => !isTrusted(text));
const proxy = fc.oneof(
  fc.ipV4().map((text) => text.replace(/^\d+/, '10')),
  fc.ipV6().map((text) => canonicalAddress(text.replace(/^[^:]*/, 'fd12')) ?? 'fd12::1'),
);

/** As a proxy writes it. */
function hop(text: string, header: (typeof headers)[number], port: boolean): string {
  const v6 = text.includes(':');
  const node = `${v6 && (port || header === 'forwarded') ? `[${text}]` : text}${port ? ':4711' : ''}`;
  return header === 'forwarded' ? `for="${node}";proto=https` : node;
}

describe('for whom a trusted proxy asks', () => {
  it.each(headers)('is the rightmost hop that is no proxy of ours, whatever stands before it: %s', (header) =>
    fc.assert(
      fc.property(
        fc.array(address, { maxLength: 4 }),
        stranger,
        fc.array(proxy, { maxLength: 4 }),
        fc.boolean(),
        (invented, client, proxied, port) => {
          const value = [...invented, client, ...proxied].map((each) => hop(each, header, port)).join(', ');
          expect(behind(value, header)).toBe(client);
        },
      ),
    ),
  );

  it('is the farthest one where all are proxies, and the peer where none is named', () => {
    expect(behind('10.0.0.9, 10.0.0.8')).toBe('10.0.0.9');
    expect(behind('')).toBe(peer);
    expect(behind('', 'forwarded')).toBe(peer);
  });

  it.each([
    ['x-forwarded-for', 'unknown'],
    ['x-forwarded-for', '192.0.2.1, unknown, 10.0.0.2'],
    ['x-forwarded-for', '192.0.2.1 10.0.0.2'],
    ['x-forwarded-for', '192.0.2.1:123456'],
    ['forwarded', 'for=_hidden'],
    ['forwarded', 'for=192.0.2.1, proto=https'],
    ['forwarded', 'for=192.0.2.1;for=192.0.2.2'],
    ['x-forwarded-for', Array.from({ length: 40 }, () => '10.0.0.1').join()],
    ['x-forwarded-for', `192.0.2.1, ${' '.repeat(5_000)}`],
  ] as const)('is not guessed where the way to it is no list of addresses: %s: %s', (header, value) => {
    expect(() => behind(value, header)).toThrow(Fault);
  });

  it('is an address or a Fault, whatever is sent', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...headers),
        fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f.:,[\]="; for]*$/)),
        (header, value) => {
          try {
            expect(canonicalAddress(behind(value, header))).toBeDefined();
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
          }
        },
      ),
      { numRuns: 500 },
    ));
});
