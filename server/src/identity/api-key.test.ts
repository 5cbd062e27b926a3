import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashKey, hintOf, isKey, mintKey } from './api-key.ts';

const environments = ['production', 'staging', 'development'] as const;

describe('an API key', () => {
  it('says its environment and has the form that scanners look for', () => {
    expect(mintKey('production')).toMatch(/^vk_live_[0-9A-Za-z]{49}$/);
    expect(mintKey('staging')).toMatch(/^vk_stage_[0-9A-Za-z]{49}$/);
    expect(mintKey('development')).toMatch(/^vk_test_[0-9A-Za-z]{49}$/);
  });

  it('is never the same twice', () => {
    expect(new Set(Array.from({ length: 1000 }, () => mintKey('production'))).size).toBe(1000);
  });

  it('is refused without the database when one character is wrong', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...environments),
        fc.nat(55),
        fc.constantFrom(...'0aZ-_é'),
        (environment, at, character) => {
          const key = mintKey(environment);
          const place = at % key.length;
          const wrong = key.slice(0, place) + character + key.slice(place + 1);
          expect(isKey(key)).toBe(true);
          if (wrong !== key) expect(isKey(wrong)).toBe(false);
        },
      ),
    );
  });

  it('is stored under a pepper, so that the table alone is worth nothing', () => {
    const key = mintKey('production');
    expect(hashKey(Buffer.alloc(32, 1), key)).not.toEqual(hashKey(Buffer.alloc(32, 2), key));
    expect(hashKey(Buffer.alloc(32, 1), key)).toHaveLength(32);
  });

  it('gives away four of its 43 secret characters in its hint', () => {
    expect(hintOf('vk_live_abcdefgh')).toBe('vk_live_abcd…');
  });
});
