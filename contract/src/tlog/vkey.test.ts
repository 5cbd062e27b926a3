import { describe, expect, it } from 'vitest';
import { testSigner } from './testing/sealed-log.ts';
import { TlogError } from './verification.ts';
import { formatVkey, isKeyName, parseVkey, vkeyOf } from './vkey.ts';

const { vkey } = testSigner('ledger.example/log', 1);
const text = formatVkey(vkey);

describe('parseVkey', () => {
  it('gives back what was written', () => {
    expect(text).toMatch(/^ledger\.example\/log\+[0-9a-f]{8}\+A[A-Za-z0-9+/]{43}$/);
    expect(parseVkey(text)).toEqual(vkey);
  });

  it('reads keys whose base64 has plus signs in it', () => {
    const withPlus = formatVkey(vkeyOf('k', new Uint8Array(32).fill(0xfb)));
    expect(withPlus.split('+').length).toBeGreaterThan(3);
    expect(formatVkey(parseVkey(withPlus))).toBe(withPlus);
  });

  const [name = '', id = '', ...rest] = text.split('+');
  const key = rest.join('+');
  it.each([
    ['nothing', ''],
    ['no name', `+${id}+${key}`],
    ['a name with a space', `a b+${id}+${key}`],
    ['the id of another name', `other+${id}+${key}`],
    ['another id', `${name}+00000000+${key}`],
    ['an id in capitals', `${name}+${id.toUpperCase()}+${key}`],
    ['a short id', `${name}+${id.slice(1)}+${key}`],
    ['another algorithm', `${name}+${id}+${key.replace(/^A/, 'B')}`],
    ['a short key', `${name}+${id}+${key.slice(0, -4)}`],
    ['white space behind it', `${text}\n`],
  ])('refuses %s', (_, wrong) => {
    expect(() => parseVkey(wrong)).toThrow(TlogError);
  });
});

describe('vkeyOf', () => {
  it('refuses a key of another length', () => {
    expect(() => vkeyOf('k', new Uint8Array(31))).toThrow(TlogError);
  });
});

describe('isKeyName', () => {
  it.each(['', 'a b', 'a+b', 'a\nb', 'a\u2003b', 'a\u0085b', 'a\u007fb', '\ud800'])('refuses %j', (name) => {
    expect(isKeyName(name)).toBe(false);
  });

  it.each(['a', 'example.org/log/2026', 'größe', '日本'])('accepts %j', (name) => {
    expect(isKeyName(name)).toBe(true);
  });
});
