/** Sets of ASCII characters as bits, so that "is one of these" is one look in a table. */
export const digit = 1;
export const lower = 2;
export const upper = 4;
export const underscore = 8;
export const hyphen = 16;
export const plusSlash = 32;
export const equals = 64;
export const hexLower = 128;
export const base32Digit = 256;
export const dot = 512;
export const colon = 1024;

export const letter = lower | upper;
export const base62 = digit | letter;
export const base64url = base62 | underscore | hyphen;
export const base64 = base62 | plusSlash;
export const hex = digit | hexLower;
/** RFC 4648 section 6: capital letters and 2 to 7. */
export const base32 = upper | base32Digit;

const members: readonly (readonly [number, string])[] = [
  [digit, '0123456789'],
  [lower, 'abcdefghijklmnopqrstuvwxyz'],
  [upper, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
  [underscore, '_'],
  [hyphen, '-'],
  [plusSlash, '+/'],
  [equals, '='],
  [hexLower, 'abcdef'],
  [base32Digit, '234567'],
  [dot, '.'],
  [colon, ':'],
];
const bits = new Uint16Array(128);
for (const [bit, characters] of members)
  for (const character of characters) {
    const unit = character.charCodeAt(0);
    bits[unit] = (bits[unit] ?? 0) | bit;
  }

/** Whether a UTF-16 unit is in a set. */
export const isOf = (unit: number, set: number): boolean => unit < 128 && ((bits[unit] ?? 0) & set) !== 0;

/** The end of the run of `set` that begins at `from`; looks no further than `limit`. */
export function runEnd(text: string, from: number, set: number, limit: number): number {
  let at = from;
  const stop = Math.min(limit, text.length);
  while (at < stop && isOf(text.charCodeAt(at), set)) at++;
  return at;
}

/** The start of the run of `set` that ends before `end`; looks no further back than `limit` units. */
export function runStart(text: string, end: number, set: number, limit: number): number {
  let at = end;
  const stop = Math.max(0, end - limit);
  while (at > stop && isOf(text.charCodeAt(at - 1), set)) at--;
  return at;
}
