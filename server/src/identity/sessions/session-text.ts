import { randomBytes } from 'node:crypto';
import { checksum } from '../api-key.ts';

/**
 * What a browser shows instead of a password: `vs_`, 256 random bits in base64url and the checksum that API keys have. It is in a cookie and nowhere else;
 * what is stored is an HMAC under a pepper.
 */

const shape = /^vs_[\w-]{43}[0-9A-Za-z]{6}$/;
const checksumDigits = 6;

/** A new session's text. */
export function mintSession(): string {
  const body = `vs_${randomBytes(32).toString('base64url')}`;
  return body + checksum(body);
}

/** Whether this could be a session's text: its form and its checksum. */
export const isSession = (text: string): boolean =>
  shape.test(text) && checksum(text.slice(0, -checksumDigits)) === text.slice(-checksumDigits);
