import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress } from '../forwarding/address.ts';
import { longestHeader, readProxyHeader } from './proxy-header.ts';

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** As a load balancer writes it: haproxy's proxy-protocol.txt, section 2.2. */
function header(command: number, family: number, rest: Buffer): Buffer {
  const fixed = Buffer.from([command, family, rest.length >> 8, rest.length & 0xff]);
  return Buffer.concat([signature, fixed, rest]);
}
const bytesOf = (address: string): Buffer =>
  address.includes(':') ? bytesOfV6(address) : Buffer.from(address.split('.').map(Number));

function bytesOfV6(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  const after = (tail ?? '').split(':').filter(Boolean);
  while (tail !== undefined && groups.length + after.length < 8) groups.push('0');
  return Buffer.from([...groups, ...after].map((each) => each.padStart(4, '0')).join(''), 'hex');
}
const ports = (source: number): Buffer => Buffer.from([source >> 8, source & 0xff, 0x1f, 0x90]);

const v4 = fc.ipV4();
/** Not those that stand for an address of IPv4. */
const v6 = fc
  .array(fc.integer({ min: 0x100, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((groups) => canonicalAddress(groups.map((each) => each.toString(16)).join(':')) ?? '');
const port = fc.nat(65_535);
const extra = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

const whole = fc
  .tuple(fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6)), port, extra)
  .map(([[source, target], number, tlvs]) => ({
    source,
    port: number,
    bytes: header(
      0x21,
      source.includes(':') ? 0x21 : 0x11,
      Buffer.concat([bytesOf(source), bytesOf(target), ports(number), tlvs]),
    ),
  }));

describe("a load balancer's header", () => {
  it('says whose the connection is, and how long it is itself, whatever follows it', () =>
    fc.assert(
      fc.property(whole, extra, ({ source, port: number, bytes }, behind) => {
        expect(readProxyHeader(Buffer.concat([bytes, behind]))).toEqual({
          kind: 'whole',
          length: bytes.length,
          source: { address: source, port: number },
        });
      }),
    ));

  it('is waited for as long as a part of it is missing', () =>
    fc.assert(
      fc.property(whole, fc.nat(), ({ bytes }, cut) => {
        expect(readProxyHeader(bytes.subarray(0, cut % bytes.length))).toEqual({ kind: 'partial' });
      }),
    ));

  it('never throws, whatever comes', () =>
    fc.assert(
      fc.property(fc.boolean(), extra, (signed, bytes) => {
        const read = readProxyHeader(signed ? Buffer.concat([signature, bytes]) : bytes);
        expect(['partial', 'malformed', 'whole']).toContain(read.kind);
        if (read.kind === 'whole') expect(signed).toBe(true);
      }),
      { numRuns: 500 },
    ));

  it('of a check by the balancer itself, and of a family that it cannot name, is about nobody', () => {
    for (const bytes of [
      header(0x20, 0, Buffer.alloc(0)),
      header(0x20, 0x11, Buffer.alloc(12)),
      header(0x21, 0, Buffer.alloc(5)),
    ])
      expect(readProxyHeader(bytes)).toEqual({ kind: 'whole', length: bytes.length, source: undefined });
  });

  it.each([
    ['of version 1', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n')],
    ['that is a request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['of another version', header(0x11, 0x11, Buffer.alloc(12))],
    ['with an unknown command', header(0x22, 0x11, Buffer.alloc(12))],
    ['for datagrams', header(0x21, 0x12, Buffer.alloc(12))],
    ['for a socket in the file system', header(0x21, 0x31, Buffer.alloc(216))],
    ['whose addresses do not fit into it', header(0x21, 0x21, Buffer.alloc(12))],
    ['without ports', header(0x21, 0x11, Buffer.alloc(8))],
    [
      'that claims more than anybody sends',
      Buffer.concat([signature, Buffer.from([0x21, 0x11, 0xff, 0xff])]),
    ],
  ])('%s is none', (_, bytes) => {
    expect(readProxyHeader(bytes)).toEqual({ kind: 'malformed' });
    expect(bytes.length).toBeLessThan(longestHeader);
  });
});
