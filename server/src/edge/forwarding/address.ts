import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';

/** An IPv4 address as a socket for both families shows it. */
const mapped = '::ffff:';

/**
 * The one spelling of an IP address: IPv6 as RFC 5952 has it and without its zone, IPv4 by itself wherever it was written in IPv6.
 * @returns undefined for what is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return undefined;
  const [plain = ''] = text.split('%');
  const { address } = new SocketAddress({ address: plain, family: 'ipv6' });
  return address.startsWith(mapped) && isIPv4(address.slice(mapped.length))
    ? address.slice(mapped.length)
    : address;
}

export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** A network in CIDR notation, or one address. @returns undefined for what is neither. */
export function readNetwork(text: string): Network | undefined {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) && !address.includes('%') ? 'ipv6' : undefined;
  const bits = family === 'ipv4' ? 32 : 128;
  if (!family || more.length > 0 || (prefix !== undefined && !/^(0|[1-9]\d{0,2})$/.test(prefix)))
    return undefined;
  const length = prefix === undefined ? bits : Number(prefix);
  return length <= bits ? { address, prefix: length, family } : undefined;
}

/** Whether an address, in its one spelling, is one of a configured proxy. */
export type IsTrusted = (address: string) => boolean;

/** @param networks in CIDR notation, as the settings have checked them. */
export function trustedProxies(networks: readonly string[]): IsTrusted {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const each of networks) {
    const network = readNetwork(each);
    if (network) list.addSubnet(network.address, network.prefix, network.family);
  }
  return (address) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
