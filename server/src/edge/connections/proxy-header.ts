import { canonicalAddress } from '../forwarding/address.ts';

/**
 * The header that a load balancer puts before everything else on a connection: PROXY protocol, version 2 (haproxy's proxy-protocol.txt, section 2.2).
 * Twelve bytes that are in no other protocol, version and command, family and protocol, the length of the rest, addresses, and TLVs, which are not read.
 */
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const fixedBytes = 16;
/** Room for the addresses and what load balancers add to them; what says that it is longer is not believed. */
export const longestHeader = fixedBytes + 4_096;

const tcp4 = 0x11;
const tcp6 = 0x21;
const unspecified = 0x00;

export interface ProxySource {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  | { readonly kind: 'partial' | 'malformed' }
  /** `source` is undefined where the balancer speaks for itself: a check of ours by it, or a family that has no addresses. */
  | { readonly kind: 'whole'; readonly length: number; readonly source: ProxySource | undefined };

const partial: ProxyHeader = { kind: 'partial' };
const malformed: ProxyHeader = { kind: 'malformed' };

/** Reads the header at the beginning of what has come so far. Never throws. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const begun = Math.min(bytes.length, signature.length);
  if (bytes.compare(signature, 0, begun, 0, begun) !== 0) return malformed;
  if (bytes.length < fixedBytes) return partial;
  const [versionAndCommand, family] = [bytes[12], bytes[13]];
  const isLocal = versionAndCommand === 0x20;
  if (!isLocal && versionAndCommand !== 0x21) return malformed;
  const length = fixedBytes + bytes.readUInt16BE(14);
  if (length > longestHeader) return malformed;
  // LOCAL: whatever else it says is not about anybody.
  const addressBytes = isLocal || family === unspecified ? 0 : addressBytesOf(family);
  if (addressBytes === undefined || length < fixedBytes + 2 * addressBytes + (addressBytes && 4))
    return malformed;
  if (bytes.length < length) return partial;
  const source = addressBytes === 0 ? undefined : sourceOf(bytes, addressBytes);
  return { kind: 'whole', length, source };
}

/** Other families are not for a server that listens on TCP. */
const addressBytesOf = (family: number | undefined): 4 | 16 | undefined =>
  family === tcp4 ? 4 : family === tcp6 ? 16 : undefined;

function sourceOf(bytes: Buffer, addressBytes: 4 | 16): ProxySource {
  const raw = bytes.subarray(fixedBytes, fixedBytes + addressBytes);
  const text =
    addressBytes === 4
      ? raw.join('.')
      : Array.from({ length: 8 }, (_, at) => raw.readUInt16BE(2 * at).toString(16)).join(':');
  return { address: canonicalAddress(text) ?? text, port: bytes.readUInt16BE(fixedBytes + 2 * addressBytes) };
}
