import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOurPath } from './return-to.ts';

const origin = 'https://vallum.example.org';

describe('a path to return to', () => {
  it.each([
    '/',
    '/account',
    '/account?part=sessions&x=%2F%2Fevil.example',
    '/v1/requests/req_1',
    '/a/b.c~d',
    '/a:b@c',
  ])('is ours: %s', (text) => expect(isOurPath(text)).toBe(true));

  it.each([
    '',
    'account',
    'https://evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\/evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/ /evil.example',
    '/%2f%2fevil.example',
    '/%2F/evil.example',
    '/%5cevil.example',
    '/%5C%5Cevil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/./\\evil.example',
    '/%2e%2e//evil.example',
    '/%2e/%2f/evil.example',
    '/a/../../evil',
    '/a/..',
    '/a//evil.example',
    '/%09/evil.example',
    '/%0d%0aset-cookie:x=y',
    '/\r\nset-cookie: x=y',
    '/\u0000',
    '/%00',
    '/@evil.example\u2028',
    '//user:word@evil.example/',
    'user@evil.example',
    '/\uff0fevil.example',
    '/account#//evil.example',
    `/${'a'.repeat(600)}`,
  ])('is nobody’s: %j', (text) => expect(isOurPath(text)).toBe(false));

  it('never leaves our origin as a browser reads it, nor after somebody on the way has decoded it', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '%2f',
      '%5c',
      '%2e',
      '%09',
      '\t',
      '\n',
      ' ',
      '@',
      ':',
      '?',
      '#',
      '&',
      'evil.example',
      'https:',
      'a',
      '%',
      '\u0000',
    );
    const texts = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`),
      fc.string({ unit: 'binary', maxLength: 30 }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(texts, (text) => {
        if (!isOurPath(text)) return;
        accepted += 1;
        expect(text).toMatch(/^[\x21-\x7e]+$/);
        const url = new URL(text, origin);
        expect(url.origin).toBe(origin);
        expect(url.pathname.startsWith('//')).toBe(false);
        const [path = ''] = text.split('?');
        const decoded = path.replace(/%[0-9a-f]{2}/gi, (code) =>
          String.fromCharCode(Number.parseInt(code.slice(1), 16)),
        );
        expect(new URL(decoded, origin).origin).toBe(origin);
        expect(decoded).not.toMatch(/\\|\/\/|[\p{Cc}]/u);
      }),
      { numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
