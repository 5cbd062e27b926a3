import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainText } from './plain-text.ts';

describe('plainText', () => {
  it.each([
    ['colours', 'ok \u001b[31mred', 'ok \\u001b[31mred'],
    ['the one-byte form of an escape', '\u009b2J', '\\u009b2J'],
    ['a carriage return, which overwrites the line', 'block\rallow', 'block\\u000dallow'],
    ['letters turned around', 'a\u202eb', 'a\\u202eb'],
    ['tags that nobody sees', '\u{e0041}', '\\udb40\\udc41'],
    ['half a character', '\ud800', '\\ud800'],
  ])('shows %s by code', (_, text, shown) => {
    expect(plainText(text)).toBe(shown);
  });

  it('leaves what people write as it is', () => {
    expect(plainText('Grüße, 日本 – „x“ 👍')).toBe('Grüße, 日本 – „x“ 👍');
  });

  it('leaves one line of JSON the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const json = JSON.stringify(value);
        expect(JSON.parse(plainText(json))).toEqual(JSON.parse(json));
      }),
    );
  });
});
