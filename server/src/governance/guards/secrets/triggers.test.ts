import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plantedSecrets } from '../testing/planted-secrets.ts';
import { tokenKinds } from './tokens.ts';
import { beginsWord, isOperator, matchOperator, matchWord, nextTrigger } from './triggers.ts';

const prefixes = tokenKinds.flatMap((kind) => kind.prefixes);
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(...prefixes, 'eyJ', '-----BEGIN PRIVATE KEY-----', 'Basic ', 'password=', 'token: "'),
      fc.constantFrom(...plantedSecrets(1).map(({ text }) => text)),
      fc.constantFrom(' ', '\n', '\\n', '%3D', '\\u0022', ':', '=', '_', 'z', ']', 'é', '\u4e00'),
      fc.string({ maxLength: 12 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe('nextTrigger', () => {
  it('passes over no place where something is found or must be waited for, whatever stands around it', () => {
    fc.assert(
      fc.property(texts, fc.nat({ max: 20 }), fc.boolean(), (text, from, ended) => {
        const named = new Set<number>();
        for (let at = nextTrigger(text, from); at < text.length; at = nextTrigger(text, at + 1))
          named.add(at);
        for (let at = from; at < text.length; at++) {
          const word = beginsWord(text, at) && matchWord(text, at, ended);
          const operator = isOperator(text.charCodeAt(at)) && matchOperator(text, at, ended);
          if (word || operator) expect(named).toContain(at);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('names hardly any place in prose, or the search would gain nothing', () => {
    const text =
      'They asked whether the table should be booked for ten people, and she said it should. '.repeat(20);
    let named = 0;
    for (let at = nextTrigger(text, 0); at < text.length; at = nextTrigger(text, at + 1)) named++;
    expect(named).toBeLessThan(10);
  });
});
