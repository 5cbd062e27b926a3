import { crc32 } from 'node:zlib';

const base62Digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
export const checksumUnits = 6;

/**
 * The checksum that ends GitHub's and npm's tokens: CRC-32 of what stands between prefix and checksum, in base 62
 * (GitHub's engineering blog, "Behind GitHub's new authentication token formats", 2021).
 */
export function tokenChecksum(body: string): string {
  let rest = crc32(body);
  let out = '';
  for (let index = 0; index < checksumUnits; index++) {
    out = base62Digits.charAt(rest % 62) + out;
    rest = Math.floor(rest / 62);
  }
  return out;
}

/** Whether the last six characters of a range are the checksum of those before. */
export function endsInChecksum(text: string, from: number, to: number): boolean {
  const body = text.slice(from, to);
  return tokenChecksum(body.slice(0, -checksumUnits)) === body.slice(-checksumUnits);
}
