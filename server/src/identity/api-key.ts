import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Environment } from '../kernel/index.ts';

/**
 * API keys: `vk_live_…`, `vk_stage_…` or `vk_test_…`, 256 random bits in base 62 and six characters of checksum, so that a mistyped key is refused without asking
 * the database and secret scanners can tell a key from noise. Shown once; what is stored is an HMAC under a pepper.
 */

const prefixes: Record<Environment, string> = {
  production: 'vk_live_',
  staging: 'vk_stage_',
  development: 'vk_test_',
};

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const secretDigits = 43;
const checksumDigits = 6;
const shape = new RegExp(`^vk_(?:live|stage|test)_[0-9A-Za-z]{${secretDigits + checksumDigits}}$`);

function base62(value: bigint, digits: number): string {
  let text = '';
  for (let rest = value, i = 0; i < digits; i++, rest /= 62n)
    text = (alphabet[Number(rest % 62n)] ?? '') + text;
  return text;
}

/** Six characters by which a mistyped credential is told without asking anybody. */
export const checksum = (text: string): string => base62(BigInt(crc32(text)), checksumDigits);

/** A new key for an environment. */
export function mintKey(environment: Environment): string {
  const body = prefixes[environment] + base62(BigInt(`0x${randomBytes(32).toString('hex')}`), secretDigits);
  return body + checksum(body);
}

/** Whether this could be a key: its form and its checksum. */
export function isKey(text: string): boolean {
  return shape.test(text) && checksum(text.slice(0, -checksumDigits)) === text.slice(-checksumDigits);
}

/** The start of a key, by which people tell keys apart: its environment and four of its 43 secret characters. */
export const hintOf = (key: string): string => `${key.slice(0, key.lastIndexOf('_') + 5)}…`;

/** What is stored of a key. */
export const hashKey = (pepper: Buffer, key: string): Buffer =>
  createHmac('sha256', pepper).update(key).digest();
