import { createHmac, randomInt } from 'node:crypto';

/** What opens once when the device with the TOTP secret is lost: 80 random bits in four groups of letters and digits that look like no others (Crockford's base 32). */

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const shape = /^[0-9A-HJKMNP-TV-Z]{16}$/;
const codesGiven = 10;

export const newRecoveryCodes = (): string[] =>
  Array.from({ length: codesGiven }, () => {
    const text = Array.from({ length: 16 }, () => digits[randomInt(digits.length)]).join('');
    return text.replaceAll(/(.{4})(?=.)/g, '$1-');
  });

/** The code that was meant, however it was typed; undefined for what is none. */
export function readRecoveryCode(text: string): string | undefined {
  const meant = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  return shape.test(meant) ? meant : undefined;
}

/** What is stored of a code that `readRecoveryCode` gave. */
export const hashRecoveryCode = (pepper: Buffer, code: string): Buffer =>
  createHmac('sha256', pepper).update(`recovery ${code}`).digest();
