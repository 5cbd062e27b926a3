import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/index.ts';
import { createCleanHeads } from './clean-heads.ts';
import type { HeadInput } from './input.ts';
import type { RuleFile } from './rule.ts';
import { ownRules } from './rules/own-rules.ts';
import { createWaf } from './waf.ts';

/** Rules of the awkward kind: on a header whose value is otherwise not judged, and on two strings at once. */
const awkward: RuleFile = {
  version: 1,
  source: 'test',
  rules: [
    {
      id: 'test-alone',
      family: 'test',
      score: 5,
      all: [{ on: ['header:x-request-id'], test: { regex: '^7' } }],
    },
    {
      id: 'test-both',
      family: 'test',
      score: 5,
      all: [
        { on: ['value'], test: { regex: '^left,' } },
        { on: ['cookie', 'header'], test: { regex: '^right,' } },
      ],
    },
  ],
};
const parts = { clock: systemClock, budgetMs: 5_000 };
const remembering = createWaf({ ...parts, rules: [ownRules, awkward] });
const forgetful = createWaf({ ...parts, rules: [ownRules, awkward], cleanHeads: 0 });
afterAll(() => {
  remembering.dispose();
  forgetful.dispose();
});

const names = [
  'authorization',
  'Authorization',
  'AUTHORIZATION',
  'content-length',
  'Content-Length',
  'x-request-id',
  'X-Api-Key',
  'cookie',
  'x-note',
  'host',
];
const values = [
  '',
  '0',
  '00',
  '5',
  '77',
  '!5',
  'Bearer a.b',
  'Bearer c',
  "' or 1=1 --",
  'right, then',
  'a=b; c=d',
  'plain',
  'a\nx-note\nb',
  '\u0001',
  '\ud800',
  '\ufffd',
];
const heads: fc.Arbitrary<HeadInput> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'GET\n/'),
  path: fc.constantFrom('/', '/v1/models', '/a\n', '/../etc/passwd', '/v1/models?a=b'),
  query: fc.constantFrom('', 'a=b', 'q=left,+then', 'q=%3Cscript%3E', '\n'),
  rawHeaders: fc
    .array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values)), { maxLength: 4 })
    .map((pairs) => pairs.flat()),
});
const plain = (rawHeaders: string[]): HeadInput => ({
  method: 'GET',
  path: '/v1/models',
  query: '',
  rawHeaders,
});

describe('a head that was clean', () => {
  it('is remembered, and what is remembered never differs from what judging would find', () => {
    let clean = 0;
    fc.assert(
      fc.property(heads, heads, (one, other) => {
        for (const head of [one, other, { ...one, rawHeaders: other.rawHeaders }, one]) {
          const { findings, incomplete } = forgetful.inspectHead(head);
          expect(remembering.inspectHead(head)).toMatchObject({ findings, incomplete });
          if (findings.length === 0) clean += 1;
        }
      }),
      { numRuns: 300 },
    );
    expect(clean).toBeGreaterThan(20);
  }, 120_000);

  it('has the key of another one only where both are judged alike', () => {
    const { keyOf } = createCleanHeads(new Set(['value', 'header', 'header:x-request-id']));
    let same = 0;
    fc.assert(
      fc.property(heads, fc.nat(), fc.constantFrom(...values), (one, where, value) => {
        const at = (where % Math.max(one.rawHeaders.length, 1)) | 1;
        const other = { ...one, rawHeaders: one.rawHeaders.map((text, i) => (i === at ? value : text)) };
        if (keyOf(one) !== keyOf(other)) return;
        if (one.rawHeaders[at] !== value) same += 1;
        expect(forgetful.inspectHead(other).findings).toEqual(forgetful.inspectHead(one).findings);
      }),
      { numRuns: 3_000 },
    );
    expect(same).toBeGreaterThan(20);
  }, 120_000);

  it('is the same with another credential, length or request id, of which nothing is judged', () => {
    const { keyOf } = createCleanHeads(new Set());
    const key = (authorization: string, length: string, id: string): string =>
      keyOf(plain(['Authorization', authorization, 'content-length', length, 'x-request-id', id]));
    expect(key('Bearer a', '12', 'one')).toBe(key('Bearer b', '13', 'two'));
    expect(key('Bearer a', '12', 'one')).not.toBe(key('Bearer a', '0', 'one'));
    expect(key('Bearer a', '12', 'one')).not.toBe(key("Bearer ' or 1=1", '12', 'one'));
    const named = createCleanHeads(new Set(['header:x-request-id']));
    expect(named.keyOf(plain(['x-request-id', 'one']))).not.toBe(named.keyOf(plain(['x-request-id', 'two'])));
  });

  it('is kept while it is asked for, and of too many others the oldest go: memory is bounded', () => {
    const clean = createCleanHeads(new Set(), 10);
    clean.keep('used');
    for (let count = 0; count < 1_000; count += 1) {
      clean.keep(`number ${count}`);
      expect(clean.has('used')).toBe(true);
    }
    const left = Array.from({ length: 1_000 }, (_, count) => clean.has(`number ${count}`)).filter(Boolean);
    expect(left.length).toBeLessThanOrEqual(20);
  });

  it('is judged again under other rules', () => {
    const waf = createWaf({ ...parts, rules: [ownRules] });
    const head = plain(['x-request-id', '7']);
    for (let count = 0; count < 2; count += 1) expect(waf.inspectHead(head).findings).toEqual([]);
    waf.replaceRules([ownRules, awkward]);
    expect(waf.inspectHead(head).findings.map(({ rule }) => rule)).toEqual(['test-alone']);
    waf.dispose();
  });
});
