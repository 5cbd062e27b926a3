import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonBases } from './common-bases.ts';
import { acceptPassword } from './password-policy.ts';
import { isWeak, ownWords, piecesOf } from './weak-password.ts';

const own = ownWords('jane.doeson@acme.example.org', 'Jane Doeson', 'Acme Health');

describe('a password that is easily guessed', () => {
  it.each([
    ['a common word with what people add', 'Password2024!!'],
    ['with letters replaced', 'P@ssw0rd!2024'],
    ['two common words', 'monkeydragon1'],
    ['a season and a year', 'Sommer2026!!!'],
    ['a row of the keyboard', 'qwertyuiop[]'],
    ['columns of the keyboard', '1qaz2wsx3edc4rfv'],
    ['of another keyboard', 'qwertzuiop123'],
    ['backwards', 'poiuytrewq321'],
    ['one character', 'aaaaaaaaaaaaaaaa'],
    ['one part, again and again', 'abcabcabcabcabc'],
    ['two parts, again and again', 'xk7xk7xk7xk7xk7'],
    ['a sequence', 'abcdefghijklmnop'],
    ['numbers', '123456789012345'],
    ['dates', '198019811982'],
    ['the own name', 'jane.doeson2026'],
    ['the organization', 'AcmeHealth#2026'],
    ['the own address', 'doeson@acme1234'],
    ['the product', 'Vallum-Admin-2026'],
    ['love', 'iloveyou!iloveyou!'],
    ['changing it as asked', 'changeme-please-1'],
  ])('is refused: %s', (_, password) => {
    expect({ password, weak: isWeak(password, own) }).toEqual({ password, weak: true });
  });

  it.each([
    ['made by a manager', 'Xq7$vLm2#pRt'],
    ['of a manager, letters only', 'wbnqkzdtfjre'],
    ['words that do not belong together', 'plinth gravel oboe wicker'],
    ['a sentence', 'My aunt keeps three zithers in Graz'],
    ['in other letters', 'жёлтый чемодан у окна'],
    ['with a common word in it', 'tiger-brackish-quoin-71'],
  ])('is not one that is %s', (_, password) => {
    expect({ password, weak: isWeak(password, own) }).toEqual({ password, weak: false });
  });

  it('is not one that is random, of twelve characters and more', () => {
    const digit = fc.constantFrom(...'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789');
    fc.assert(
      fc.property(fc.array(digit, { minLength: 16, maxLength: 24 }), (digits) => {
        // Any sixteen may happen to hold a word or a run, and not so many that half of it is gone.
        return new Set(digits).size < 8 || !isWeak(digits.join(''), own);
      }),
      { seed: 20_261_122, numRuns: 500 },
    );
  });

  it('has no more pieces than characters, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const pieces = piecesOf(text, own);
        expect(pieces).toBeLessThanOrEqual(text.length);
        expect(pieces === 0).toBe(text === '');
      }),
    );
  });

  it('is told by a few hundred words of ours', () => {
    expect(commonBases.length).toBeGreaterThan(500);
    for (const base of commonBases) expect(base).toMatch(/^[a-z0-9]{3,}$/);
  });
});

describe('a new password', () => {
  const whose = { email: 'jane@example.org', name: 'Jane', organization: 'Acme' };
  const accept = (password: string, breached: string[] = []) =>
    acceptPassword(password, whose, { has: async (text) => breached.includes(text) }, 'new_password');

  it('has 12 to 128 characters, as people count them', async () => {
    const says = { code: 'input-invalid', detail: 'body.new_password: must have 12 to 128 characters.' };
    await expect(accept('Xq7$vLm2#pR')).rejects.toMatchObject(says);
    await expect(accept('ж'.repeat(129))).rejects.toMatchObject(says);
    // One character that the canonical form says in eighteen.
    await expect(accept(`Xq7$vLm2#pRt${'\ufdfa'.repeat(20)}`)).rejects.toMatchObject(says);
    await accept('Xq7$vLm2#pRt');
    await accept('🐙 im Gartenteich am Dienstag');
    // Twelve units, and six characters.
    await expect(accept('🐙🦑🐌🪼🦐🐠')).rejects.toMatchObject(says);
  });

  it('is not in the list of those that were stolen, however good it looks', async () => {
    await expect(accept('Xq7$vLm2#pRt', ['Xq7$vLm2#pRt'])).rejects.toMatchObject({
      code: 'input-invalid',
      param: 'new_password',
    });
  });

  it('is never repeated in what is said about it', async () => {
    for (const password of ['short', 'Password2024!!', 'jane-acme-example']) {
      const error = await accept(password).catch((thrown: unknown) => thrown);
      expect(JSON.stringify(error) + String(error)).not.toContain(password);
    }
  });
});
