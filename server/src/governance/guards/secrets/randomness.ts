import { colon, digit, dot, hyphen, isOf, lower, plusSlash, underscore, upper } from './characters.ts';

/** What a short ASCII string is made of. */
interface Census {
  readonly distinct: number;
  readonly digits: number;
  readonly lower: number;
  readonly upper: number;
  /** Neither letters nor digits nor what joins words. */
  readonly symbols: number;
  /** Shannon entropy, in bits per character. */
  readonly bits: number;
}

const joiners = hyphen | underscore | dot | colon | plusSlash;

/** Counts are kept between calls: this runs on the hot path, and allocates nothing. */
const counts = new Uint8Array(128);

/** Looks at up to 128 units. */
function census(text: string, from: number, to: number): Census {
  counts.fill(0);
  const end = Math.min(to, from + 128);
  const of = { digits: 0, lower: 0, upper: 0, symbols: 0 };
  for (let at = from; at < end; at++) {
    const unit = text.charCodeAt(at) & 0x7f;
    counts[unit] = (counts[unit] ?? 0) + 1;
    if (isOf(unit, digit)) of.digits++;
    else if (isOf(unit, lower)) of.lower++;
    else if (isOf(unit, upper)) of.upper++;
    else if (!isOf(unit, joiners)) of.symbols++;
  }
  let distinct = 0;
  let bits = 0;
  for (const count of counts) {
    if (count === 0) continue;
    distinct++;
    const share = count / (end - from);
    bits -= share * Math.log2(share);
  }
  return { ...of, distinct, bits };
}

/** How many different characters there are. */
export const distinctIn = (text: string, from: number, to: number): number => census(text, from, to).distinct;

/**
 * Whether what follows a telling prefix is a key and not a stand-in such as `xxxxxxxx`, `YOUR_KEY_HERE` or `your-key-here`:
 * those repeat themselves, or are words of one case.
 */
export function isVaried(text: string, from: number, to: number): boolean {
  const { distinct, digits, lower, upper } = census(text, from, to);
  return distinct >= 8 && (digits > 0 || (lower > 1 && upper > 1));
}

/**
 * Whether a value that something calls a key or a token was drawn at random. In names made of words (`prod-2024-eu-west`,
 * `eventStream`) letters of one case and digits stand together; in what was drawn, the kind changes all the time.
 */
export function looksRandom(text: string, from: number, to: number): boolean {
  if (to - from < 16) return false;
  const { digits, lower, upper, bits } = census(text, from, to);
  if (bits < 3) return false;
  const mixed = digits >= 2 || (to - from >= 32 && lower >= 3 && upper >= 3);
  return mixed && digits + lower + upper >= 12 && changes(text, from, to) >= 0.28;
}

/** How often neighbouring letters and digits differ in kind, as a share of such neighbours. */
function changes(text: string, from: number, to: number): number {
  let pairs = 0;
  let changed = 0;
  let before = 0;
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at);
    const kind = isOf(unit, digit) ? digit : isOf(unit, lower) ? lower : isOf(unit, upper) ? upper : 0;
    if (kind !== 0 && before !== 0) {
      pairs++;
      if (kind !== before) changed++;
    }
    before = kind;
  }
  return pairs === 0 ? 0 : changed / pairs;
}

/** Whether a value that something calls a password may be one: not a single word, not a repetition. */
export function mayBePassword(text: string, from: number, to: number): boolean {
  if (to - from < 6) return false;
  const { distinct, digits, lower, upper, symbols } = census(text, from, to);
  return distinct >= 5 && digits + symbols > 0 && (lower + upper > 0 || digits >= 6);
}
