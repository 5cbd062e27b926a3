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

function base62(value: bigint, digits: number): string {
  let text = '';
  for (let rest = value, i = 0; i < digits; i++, rest /= 62n)
    text = (alphabet[Number(rest % 62n)] ?? '') + text;
  return text;
}

/** Six characters by which a mistyped credential is told without asking anybody. */
export const checksum = (text: string): string => base62(BigInt(crc32(text)), checksumDigits);

/** A text that opens something: a prefix that says what, 256 random bits, and the checksum. */
export function mintSecret(prefix: string): string {
  const body = prefix + base62(BigInt(`0x${randomBytes(32).toString('hex')}`), secretDigits);
  return body + checksum(body);
}

/** Whether a text could be one of this form: its checksum too. */
export function isSecret(shape: RegExp, text: string): boolean {
  return shape.test(text) && checksum(text.slice(0, -checksumDigits)) === text.slice(-checksumDigits);
}

/** The form of a text that `mintSecret` makes with one of these prefixes. */
export const secretShape = (...starts: readonly string[]): RegExp =>
  new RegExp(`^(?:${starts.join('|')})[0-9A-Za-z]{${secretDigits + checksumDigits}}$`);

const keyShape = secretShape(...Object.values(prefixes));

/** A new key for an environment. */
export const mintKey = (environment: Environment): string => mintSecret(prefixes[environment]);

/** Whether this could be a key: its form and its checksum. */
export const isKey = (text: string): boolean => isSecret(keyShape, text);

/** The start of a key, by which people tell keys apart: its environment and four of its 43 secret characters. */
export const hintOf = (key: string): string => `${key.slice(0, key.lastIndexOf('_') + 5)}…`;

/** What is stored of a key. */
export const hashKey = (pepper: Buffer, key: string): Buffer =>
  createHmac('sha256', pepper).update(key).digest();
