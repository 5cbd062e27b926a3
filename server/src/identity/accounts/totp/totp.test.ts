import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashRecoveryCode, newRecoveryCodes, readRecoveryCode } from './recovery-codes.ts';
import { createSecretBox } from './secret-box.ts';
import { base32, newTotpSecret, totpCode, totpStep, totpUri } from './totp.ts';

/** RFC 6238, appendix B: the SHA-1 rows, of whose eight digits an app shows the last six. */
const vectors: readonly (readonly [seconds: number, eight: string])[] = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
];
const rfcSecret = Buffer.from('12345678901234567890');

describe('a TOTP code', () => {
  it.each(vectors)('is that of RFC 6238 at %d s', (seconds, eight) => {
    expect(totpCode(rfcSecret, Math.floor(seconds / 30))).toBe(eight.slice(2));
    expect(totpStep(rfcSecret, eight.slice(2), seconds * 1000)).toBe(Math.floor(seconds / 30));
  });

  it('is taken for its own half minute and those beside it, and no other', () => {
    const secret = newTotpSecret();
    const step = 58_000_000;
    const code = totpCode(secret, step);
    const at = (offset: number) => totpStep(secret, code, (step + offset) * 30_000);
    expect([at(-1), at(0), at(1)]).toEqual([step, step, step]);
    for (const offset of [-3, -2, 2, 3]) expect(at(offset)).not.toBe(step);
  });

  it.each([[''], ['12345'], ['1234567'], ['１２３４５６'], ['12345a'], [' 12345'], ['-12345'], ['1e5000']])(
    'is six digits, which %j is not',
    (code) => {
      expect(totpStep(rfcSecret, code, 59_000)).toBeUndefined();
    },
  );

  it('has a secret that an app can be given', () => {
    expect(base32(Buffer.from('foobar'))).toBe('MZXW6YTBOI');
    expect(base32(Buffer.from('foob'))).toBe('MZXW6YQ');
    expect(totpUri(rfcSecret, 'jane@example.org', 'Vallum')).toBe(
      'otpauth://totp/Vallum:jane%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Vallum&algorithm=SHA1&digits=6&period=30',
    );
    expect(newTotpSecret()).toHaveLength(20);
  });
});

describe('a recovery code', () => {
  it('is read however it is typed, and is another one each time', () => {
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) {
      expect(code).toMatch(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/);
      const meant = code.replaceAll('-', '');
      for (const typed of [code, code.toLowerCase(), code.replaceAll('-', ' '), ` ${meant} `])
        expect(readRecoveryCode(typed)).toBe(meant);
      expect(readRecoveryCode(meant.replaceAll('0', 'o').replaceAll('1', 'l'))).toBe(meant);
    }
    for (const none of ['123456', '', 'U'.repeat(16), '0'.repeat(17)])
      expect(readRecoveryCode(none)).toBeUndefined();
  });

  it('is stored so that the database alone does not tell it', () => {
    const code = '0'.repeat(16);
    const one = hashRecoveryCode(Buffer.alloc(32, 1), code);
    expect(one).toHaveLength(32);
    expect(one).toEqual(hashRecoveryCode(Buffer.alloc(32, 1), code));
    expect(one).not.toEqual(hashRecoveryCode(Buffer.alloc(32, 2), code));
  });
});

describe('a secret in its box', () => {
  const box = createSecretBox(randomBytes(32));

  it('comes back, for its owner and under its key alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.string(), (bytes, owner) => {
        const secret = Buffer.from(bytes);
        const sealed = box.seal(owner, secret);
        expect(box.open(owner, sealed)).toEqual(secret);
        expect(box.seal(owner, secret)).not.toEqual(sealed);
        expect(() => box.open(`${owner}x`, sealed)).toThrow(expect.objectContaining({ code: 'internal' }));
        expect(() => createSecretBox(randomBytes(32)).open(owner, sealed)).toThrow();
      }),
      { numRuns: 30 },
    );
  });

  it('does not open when a bit of it is another, or it is cut', () => {
    const sealed = box.seal('a', Buffer.from('secret'));
    for (let at = 0; at < sealed.length; at += 1) {
      const other = Buffer.from(sealed);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(() => box.open('a', other)).toThrow();
      expect(() => box.open('a', sealed.subarray(0, at))).toThrow();
    }
  });
});
