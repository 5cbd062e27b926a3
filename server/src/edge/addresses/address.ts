export type Family = 4 | 6;

const dot = 46;
const colon = 58;
const scratch = new Uint16Array(8);

const hexDigit = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
};

/**
 * Reads an IP address (RFC 4291, section 2.2; four decimals for IPv4) without making anything: the hot path asks at each request.
 * An IPv4 address that is mapped into IPv6 (`::ffff:192.0.2.1`, as a socket for both families says it) is the IPv4 address. A zone (`%eth0`) is passed over.
 * @param into gets the address, most significant word first: one of 32 bits for IPv4, four for IPv6.
 * @returns its family; undefined for what is not an address, such as an IPv4 address with leading zeros, which some read as octal.
 */
export function readAddress(text: string, into: Uint32Array): Family | undefined {
  if (text.includes(':')) return readIpv6(text, into);
  const value = readIpv4(text, 0, text.length);
  if (value < 0) return undefined;
  into[0] = value;
  return 4;
}

/** @returns the address as a number, or -1 */
function readIpv4(text: string, from: number, end: number): number {
  let address = 0;
  let at = from;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== dot) return -1;
    const start = at;
    let value = 0;
    for (; at < end && at - start < 3; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === start || value > 255 || (at - start > 1 && text.charCodeAt(start) === 48)) return -1;
    address = address * 256 + value;
  }
  return at === end ? address : -1;
}

function readIpv6(text: string, into: Uint32Array): Family | undefined {
  const zone = text.indexOf('%');
  const end = zone < 0 ? text.length : zone;
  let count = 0;
  /** Before which group the zeros stand that `::` leaves out. */
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < end) {
    if (count === 8) return undefined;
    const start = at;
    let value = 0;
    for (; at < end && at - start < 5; at++) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    if (at < end && text.charCodeAt(at) === dot) {
      const tail = readIpv4(text, start, end);
      if (tail < 0 || count > 6) return undefined;
      scratch[count++] = tail >>> 16;
      scratch[count++] = tail & 0xffff;
      break;
    }
    if (at === start || at - start > 4) return undefined;
    scratch[count++] = value;
    if (at === end) break;
    if (text.charCodeAt(at++) !== colon || at === end) return undefined;
    if (text.charCodeAt(at) === colon) {
      if (gap >= 0) return undefined;
      gap = count;
      at++;
    }
  }
  // `::` stands for one group at least.
  if (gap < 0 ? count !== 8 : count > 7) return undefined;
  return spread(count, gap < 0 ? count : gap, into);
}

/** Puts the groups that were read around the zeros that were left out. */
function spread(count: number, gap: number, into: Uint32Array): Family {
  into.fill(0, 0, 4);
  for (let group = 0; group < count; group++) {
    const place = group < gap ? group : 8 - count + group;
    const shift = place % 2 === 0 ? 16 : 0;
    into[place >> 1] = (into[place >> 1] ?? 0) | ((scratch[group] ?? 0) << shift);
  }
  if (into[0] !== 0 || into[1] !== 0 || into[2] !== 0xffff) return 6;
  into[0] = into[3] ?? 0;
  return 4;
}

const words = new Uint32Array(4);
const hex = (word: number | undefined): string => (word ?? 0).toString(16);

/** An address as others write it that are not told of mapped addresses and zones. */
export function plainAddress(text: string): string {
  if (!text.includes(':')) return text;
  const family = readAddress(text, words);
  if (family === 4) return dotted(words[0] ?? 0);
  const zone = text.indexOf('%');
  return zone < 0 ? text : text.slice(0, zone);
}

const dotted = (value: number): string =>
  `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;

/** The name under which an address is counted: itself, or the /64 of an IPv6 address: whoever has one address of it has all. */
export function networkOf(text: string): string {
  if (!text.includes(':')) return text;
  const family = readAddress(text, words);
  if (family === undefined) return text;
  return family === 6 ? `${hex(words[0])}:${hex(words[1])}` : dotted(words[0] ?? 0);
}
