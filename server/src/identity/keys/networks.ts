import { isIPv4, isIPv6 } from 'node:net';

/** An address in network order: 4 bytes of IPv4, 16 of IPv6. */
type Bytes = readonly number[];

interface Network {
  readonly first: Bytes;
  /** Bits of the prefix. */
  readonly bits: number;
}

/**
 * An address as bytes. An IPv4 address that a dual-stack socket shows as IPv6 (`::ffff:192.0.2.7`; RFC 4291, section 2.5.5.2) is one of IPv4: the same host on whichever socket.
 * The zone of a link-local address is not part of it.
 */
function bytesOf(text: string): Bytes | undefined {
  if (isIPv4(text)) return text.split('.').map(Number);
  const [address = ''] = text.split('%');
  if (!isIPv6(address)) return undefined;
  const tail = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const dotted = tail ? tail.slice(1).map(Number) : [];
  const [head = '', after] = address.slice(0, address.length - (tail?.[0].length ?? 0)).split('::');
  const groups = (part: string): number[] =>
    part
      .split(':')
      .filter(Boolean)
      .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
  const [before, behind] = [groups(head), [...groups(after ?? ''), ...dotted]];
  const bytes = [...before, ...new Array<number>(16 - before.length - behind.length).fill(0), ...behind];
  const isMapped = bytes.slice(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff));
  return isMapped ? bytes.slice(12) : bytes;
}

function networkOf(cidr: string): Network | undefined {
  const [address = '', length] = cidr.split('/');
  const first = bytesOf(address);
  if (!first || address.includes('%')) return undefined;
  // The prefix of a mapped network counts the 96 bits before it.
  const mapped = first.length === 4 && address.includes(':') ? 96 : 0;
  const bits = length === undefined ? first.length * 8 : Number(length) - mapped;
  return Number.isInteger(bits) && bits >= 0 && bits <= first.length * 8 ? { first, bits } : undefined;
}

/** Whether the first so many bits of two addresses of one family are the same. */
function isWithin(address: Bytes, { first, bits }: Network): boolean {
  if (address.length !== first.length) return false;
  for (let i = 0, left = bits; left > 0; i++, left -= 8) {
    const mask = left >= 8 ? 0xff : 0xff00 >> left;
    if (((address[i] ?? 0) & mask) !== ((first[i] ?? 0) & mask)) return false;
  }
  return true;
}

/** What is wrong with a text as an address or a network. */
export function networkProblem(cidr: string): string | undefined {
  const network = networkOf(cidr);
  if (!network) return 'is not an address or a network';
  // Somebody who writes 10.0.0.7/8 meant one or the other.
  const { first, bits } = network;
  const isFirst = first.every((byte, i) => (byte & (0xff >> Math.min(8, Math.max(0, bits - 8 * i)))) === 0);
  return isFirst ? undefined : 'has bits beyond its prefix: write the first address of the network';
}

/** Whether an address is in one of these networks (CIDR; RFC 4632, RFC 4291). What cannot be read is in none. */
export function withinAny(cidrs: readonly string[]): (address: string) => boolean {
  const networks = cidrs.flatMap((cidr) => networkOf(cidr) ?? []);
  return (text) => {
    const address = bytesOf(text);
    return address !== undefined && networks.some((network) => isWithin(address, network));
  };
}

/** Whether each network of one list lies in one of another. No network is everywhere: an empty list is all there is. */
export function isNarrower(cidrs: readonly string[], than: readonly string[]): boolean {
  if (than.length === 0) return true;
  if (cidrs.length === 0) return false;
  const wide = than.flatMap((cidr) => networkOf(cidr) ?? []);
  return cidrs.every((cidr) => {
    const network = networkOf(cidr);
    return (
      network !== undefined && wide.some((each) => each.bits <= network.bits && isWithin(network.first, each))
    );
  });
}
