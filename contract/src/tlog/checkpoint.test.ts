import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint, parseCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { signNote } from './note.ts';
import { testSigner } from './testing/sealed-log.ts';
import { TlogError } from './verification.ts';

const origin = 'ledger.example/deployment/2026';
const { signer, vkey } = testSigner(origin, 1);
const root = new Uint8Array(32).fill(1);
const checkpoint = { origin, size: 2 ** 40, root, extensions: [] };

describe('parseCheckpoint', () => {
  it('gives back what was written', () => {
    const lineText = fc.string({ unit: fc.constantFrom('a', ' ', 'é', '/', '0'), minLength: 1 });
    fc.assert(
      fc.property(
        fc.record({
          origin: lineText,
          size: fc.maxSafeNat(),
          root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
          extensions: fc.array(lineText, { maxLength: 3 }),
        }),
        (any) => {
          expect(parseCheckpoint(formatCheckpoint(any))).toEqual(any);
        },
      ),
    );
  });

  const text = formatCheckpoint(checkpoint);
  it.each([
    ['no origin', text.replace(origin, '')],
    ['no size', `${origin}\n`],
    ['a size with a leading zero', text.replace('\n1', '\n01')],
    ['a size with a sign', text.replace('\n1', '\n+1')],
    ['a size with an exponent', text.replace(/\n\d+/, '\n1e3')],
    ['a size that a number cannot hold', text.replace(/\n\d+/, '\n9007199254740992')],
    ['a size in other digits', text.replace(/\n\d+/, '\n٣')],
    ['no root', `${origin}\n3\n`],
    ['a short root', text.replace('AQEB', '')],
    ['an empty line', `${text}\nmore\n`],
    ['no newline at the end', text.slice(0, -1)],
  ])('refuses %s', (_, wrong) => {
    expect(() => parseCheckpoint(wrong)).toThrow(TlogError);
  });
});

describe('formatCheckpoint', () => {
  it.each([
    ['no origin', { ...checkpoint, origin: '' }],
    ['an origin of two lines', { ...checkpoint, origin: `${origin}\n9` }],
    ['a negative size', { ...checkpoint, size: -1 }],
    ['half a leaf', { ...checkpoint, size: 1.5 }],
    ['a size that a number cannot hold', { ...checkpoint, size: 2 ** 53 }],
    ['a short root', { ...checkpoint, root: new Uint8Array(31) }],
    ['an empty line', { ...checkpoint, extensions: [''] }],
    ['an extension of two lines', { ...checkpoint, extensions: ['one\ntwo'] }],
  ])('refuses %s, which would be read as something else', (_, wrong) => {
    expect(() => formatCheckpoint(wrong)).toThrow(TlogError);
  });
});

describe('verifyCheckpoint', () => {
  it('gives the state that the log signed', () => {
    expect(verifyCheckpoint(signNote(formatCheckpoint(checkpoint), signer), vkey)).toEqual({
      ok: true,
      checkpoint,
    });
  });

  it('refuses another origin under this key, so that the checkpoint of one log cannot stand for another', () => {
    const other = formatCheckpoint({ ...checkpoint, origin: 'ledger.example/deployment/2027' });
    expect(verifyCheckpoint(signNote(other, signer), vkey)).toMatchObject({
      ok: false,
      code: 'origin-differs',
    });
  });

  it('refuses a signed note that is no checkpoint', () => {
    expect(verifyCheckpoint(signNote('hello\n', signer), vkey)).toMatchObject({
      ok: false,
      code: 'malformed',
    });
  });
});
