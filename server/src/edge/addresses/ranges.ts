import { type Family, readAddress } from './address.ts';

/**
 * Sets of addresses: of each family the first and the last address of each range in turn, sorted, no two overlapping. One word of 32 bits an address for IPv4, four
 * for IPv6. Plain memory, so that a thread that builds one can hand it over.
 */
export interface Ranges {
  readonly v4: Uint32Array;
  readonly v6: Uint32Array;
}

export const noRanges: Ranges = { v4: new Uint32Array(0), v6: new Uint32Array(0) };

const wordsOf = (family: Family): number => (family === 4 ? 1 : 4);

/** Compares the addresses of so many words at two places. */
function compare(a: ArrayLike<number>, at: number, b: ArrayLike<number>, bt: number, words: number): number {
  for (let word = 0; word < words; word++) {
    const difference = (a[at + word] ?? 0) - (b[bt + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether an address, as `readAddress` gives it, is in a set. A binary search; nothing is allocated. */
export function covers(ranges: Ranges, family: Family, address: Uint32Array): boolean {
  const all = family === 4 ? ranges.v4 : ranges.v6;
  const words = wordsOf(family);
  let low = 0;
  let high = all.length / (2 * words);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(all, 2 * words * middle, address, 0, words) <= 0) low = middle + 1;
    else high = middle;
  }
  return low > 0 && compare(address, 0, all, 2 * words * low - words, words) <= 0;
}

export type CidrProblem =
  | 'is not an IP address or CIDR'
  | 'has a prefix that is not 0 to 32 (IPv4) or 0 to 128 (IPv6)'
  | 'has bits beyond its prefix: write the first address of the network';

export interface RangeBuilder {
  /** Adds an address or a network (RFC 4632; RFC 4291, section 2.3). @returns what is wrong with it, if it is none; then nothing is added */
  add(cidr: string): CidrProblem | undefined;
  /** How many were added. */
  count(): number;
  build(): Ranges;
}

const scratch = new Uint32Array(4);

/** Collects networks, and makes a set of them. */
export function createRangeBuilder(): RangeBuilder {
  const found: Record<Family, number[]> = { 4: [], 6: [] };

  return {
    add(cidr) {
      const slash = cidr.indexOf('/');
      const text = slash < 0 ? cidr : cidr.slice(0, slash);
      const family = text.includes('%') ? undefined : readAddress(text, scratch);
      if (!family) return 'is not an IP address or CIDR';
      const words = wordsOf(family);
      // A network of mapped addresses is one of IPv4 addresses, 96 bits shorter.
      const mapped = family === 4 && text.includes(':') ? 96 : 0;
      const bits = slash < 0 ? 32 * words : prefixOf(cidr.slice(slash + 1)) - mapped;
      if (!(bits >= 0 && bits <= 32 * words))
        return 'has a prefix that is not 0 to 32 (IPv4) or 0 to 128 (IPv6)';
      const last: number[] = [];
      for (let word = 0; word < words; word++) {
        const host = hostMask(bits - 32 * word);
        const first = scratch[word] ?? 0;
        if ((first & host) !== 0) return 'has bits beyond its prefix: write the first address of the network';
        last.push((first | host) >>> 0);
      }
      found[family].push(...scratch.subarray(0, words), ...last);
      return undefined;
    },
    count: () => found[4].length / 2 + found[6].length / 8,
    build: () => ({ v4: merged(found[4], 1), v6: merged(found[6], 4) }),
  };
}

/** @returns NaN for what is not a number in plain decimal */
const prefixOf = (text: string): number => (/^(?:0|[1-9]\d{0,2})$/.test(text) ? Number(text) : Number.NaN);

/** The bits of a word that lie beyond a prefix, of which so many bits are left for this word and those after it. */
function hostMask(left: number): number {
  if (left <= 0) return 0xffffffff;
  return left >= 32 ? 0 : 0xffffffff >>> left;
}

/** Networks overlap only where one lies in the other: sorted, the smaller ones come after the one that holds them. */
function merged(found: readonly number[], words: number): Uint32Array {
  const size = 2 * words;
  const order = Uint32Array.from({ length: found.length / size }, (_, i) => i * size);
  order.sort(
    (a, b) => compare(found, a, found, b, words) || compare(found, b + words, found, a + words, words),
  );
  const kept = new Uint32Array(found.length);
  let length = 0;
  for (const at of order) {
    if (length > 0 && compare(found, at, kept, length - words, words) <= 0) continue;
    for (let word = 0; word < size; word++) kept[length++] = found[at + word] ?? 0;
  }
  return kept.slice(0, length);
}

/** What is wrong with a text as an address or a network, if anything. */
export const cidrProblem = (text: string): CidrProblem | undefined => createRangeBuilder().add(text);
