import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/index.ts';
import type { WafInput } from './input.ts';
import { overlapBytes } from './pieces.ts';
import type { RuleFile } from './rule.ts';
import { ownRules } from './rules/own-rules.ts';
import { createWaf } from './waf.ts';

const evil: RuleFile = {
  version: 1,
  source: 'test',
  rules: [
    {
      id: 'test-evil',
      family: 'test',
      score: 5,
      all: [{ on: ['value', 'name', 'path', 'header', 'cookie'], test: { regex: 'evil' } }],
    },
    { id: 'test-odd', family: 'test', score: 2, all: [{ on: ['value'], test: { phrases: ['Odd one'] } }] },
    {
      id: 'test-both',
      family: 'test',
      score: 3,
      all: [
        { on: ['value'], test: { regex: '^left,' } },
        { on: ['value'], test: { regex: '^right,' } },
      ],
    },
  ],
};
const waf = createWaf({ rules: [evil], clock: systemClock, budgetMs: 1_000 });
afterAll(() => waf.dispose());

const head = (path: string, query = '', rawHeaders: string[] = []): WafInput => ({
  head: { method: 'GET', path, query, rawHeaders: ['host', 'localhost', ...rawHeaders] },
});
const body = (value: unknown, content: string[] = []): WafInput => ({
  body: { value, content: new Set(content) },
});
const rulesOf = (input: WafInput): string[] => waf.judge(input).findings.map(({ rule }) => rule);

describe('the WAF judges', () => {
  it.each<[string, WafInput, string]>([
    ['the path', head('/an/evil/path'), 'path'],
    ['a query', head('/', 'q=an+evil+one'), 'query q'],
    ['a name in a query', head('/', 'an%20evil=1'), 'a name in the query'],
    ['a cookie', head('/', '', ['cookie', 'theme=dark; id=an evil one']), 'cookie id'],
    ['a header', head('/', '', ['x-custom', 'an evil one']), 'header x-custom'],
    ['a field of a body', body({ list: [{ note: 'an evil one' }] }), 'body /list/0/note'],
    ['a name in a body', body({ 'an evil name': 1 }), 'a name in the body'],
    ['a body that is a string', body('an evil one'), 'body '],
    ['what is encoded twice', head('/', 'q=e%2576il,'), 'query q'],
  ])('%s, and says where', (_, input, where) => {
    const verdict = waf.judge(input);
    expect(verdict.decision).toBe('block');
    expect(verdict.findings).toContainEqual({ rule: 'test-evil', family: 'test', where, score: 5 });
  });

  it('what is not content, and nothing that is: those strings are for the guards', () => {
    const value = { messages: [{ content: 'an evil one' }], 'a/b~c': 'an evil one' };
    expect(waf.judge(body(value, ['/messages/0/content', '/a~1b~0c'])).decision).toBe('allow');
    expect(waf.judge(body(value, ['/messages/0/content'])).decision).toBe('block');
    expect(waf.judge(body(value, ['/messages/1/content', '/a~1b~0c'])).decision).toBe('block');
  });

  it('never with the text in what it says, which goes to logs', () => {
    const verdict = waf.judge(body({ 'my evil secret': { 'x<y': 'my evil secret' } }));
    expect(JSON.stringify(verdict)).not.toMatch(/secret|x<y/);
  });

  it('by the sum of what matched, and lets less than the threshold pass', () => {
    expect(waf.judge(body(['an ODD ONE']))).toMatchObject({ decision: 'allow', score: 2 });
    expect(waf.judge(body(['an odd one', 'an odd one too']))).toMatchObject({ decision: 'allow', score: 2 });
    expect(waf.judge(body(['an odd one', 'left, then', 'right, then']))).toMatchObject({
      decision: 'block',
      score: 5,
    });
    expect(rulesOf(body(['left, then']))).toEqual([]);
  });
});

describe('what libddwaf would cut', () => {
  it('is found at any place of a long string', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30_000 }),
        fc.constantFrom('x ', 'é ', '漢字', '😀 '),
        (before, filler) => {
          const text = filler.repeat(Math.ceil(before / filler.length)).slice(0, before);
          expect(rulesOf(body([`${text}evil ${filler.repeat(3_000)}`]))).toContain('test-evil');
        },
      ),
      { numRuns: 60 },
    ));

  it('is found whole where it lies across two pieces, as long as it is shorter than their overlap', () => {
    const spanning: RuleFile = {
      version: 1,
      source: 'test',
      rules: [
        {
          id: 'test-span',
          family: 'test',
          score: 5,
          all: [{ on: ['value'], test: { regex: 'left.*right' } }],
        },
      ],
    };
    const other = createWaf({ rules: [spanning], clock: systemClock, budgetMs: 1_000 });
    const attack = `left${'-'.repeat(overlapBytes - 9)}right`;
    for (let before = 2_900; before < 4_200; before += 7)
      expect(other.judge(body([`${'x '.repeat(before / 2)}${attack} y`])).decision).toBe('block');
    other.dispose();
  });

  it.each([255, 256, 257, 512, 1_000])('is found in the last of %i strings', (count) => {
    const filler = Array.from({ length: count - 1 }, (_, index) => `number ${index}`);
    expect(rulesOf(body([...filler, 'evil, at last']))).toContain('test-evil');
    expect(
      rulesOf(body(Object.fromEntries([...filler, 'evil, at last'].map((name) => [name, 1])))),
    ).toContain('test-evil');
  });

  it.each([1, 15, 16, 17, 18, 20, 64, 127])('is found %i levels deep', (levels) => {
    const nested = (inner: unknown, level: number): unknown =>
      level === 0 ? inner : nested(level % 2 ? [inner] : { a: inner }, level - 1);
    expect(rulesOf(body(nested('evil, down here', levels)))).toContain('test-evil');
  });

  it.each<[string, unknown, string]>([
    ['too many strings', Array.from({ length: 5_000 }, (_, index) => `number ${index}`), 'limit-size'],
    ['too much text', ['some text '.repeat(20_000)], 'limit-size'],
    ['too much text once it is decoded', ['%41 /**/ '.repeat(9_000)], 'limit-size'],
    ['too deep nesting', Array.from({ length: 200 }).reduce((inner) => [inner], 'x'), 'limit-depth'],
  ])('and what is %s for it to see is refused, whatever the mode and the exceptions', (_, value, rule) => {
    const lenient = {
      mode: 'detect',
      exceptions: [{ rule, family: 'limits', untilMs: Date.now() + 60_000 }],
    } as const;
    const verdict = waf.judge(body(value), lenient);
    expect(verdict).toMatchObject({ decision: 'block', incomplete: true });
    expect(verdict.findings.map((finding) => finding.rule)).toEqual([rule]);
  });

  it('is refused when the time is over before everything was seen', () => {
    const hurried = createWaf({ rules: [ownRules], clock: systemClock, budgetMs: 0.01 });
    const verdict = hurried.judge(body(['some text, '.repeat(5_000)]));
    expect(verdict).toMatchObject({ decision: 'block', incomplete: true });
    expect(verdict.findings.map(({ rule }) => rule)).toContain('limit-time');
    hurried.dispose();
  });
});

describe('other rules', () => {
  const rule = (id: string, regex: string) => ({
    id,
    family: 'test',
    score: 5,
    all: [{ on: ['value'], test: { regex } }],
  });
  const file = (...rules: unknown[]) => ({ version: 1, source: 'test', rules });

  it('take the place of those that were there, for the next request', () => {
    const mine = createWaf({ rules: [evil], clock: systemClock, budgetMs: 1_000 });
    mine.replaceRules([file(rule('new-one', 'brand new'))]);
    expect(mine.judge(body(['an evil one'])).decision).toBe('allow');
    expect(mine.judge(body(['a brand new one'])).decision).toBe('block');
    mine.dispose();
  });

  it.each<[string, unknown[], RegExp]>([
    ['one regular expression is wrong', [file(rule('good-one', 'x'), rule('bad-one', 'a(?=b)'))], /bad-one/],
    ['an id comes twice in a file', [file(rule('same-one', 'x'), rule('same-one', 'y'))], /twice/],
    ['an id is in two files', [file(rule('same-one', 'x')), file(rule('same-one', 'y'))], /two rule files/],
    [
      'a place is unknown',
      [file({ ...rule('odd-one', 'x'), all: [{ on: ['body'], test: { regex: 'x' } }] })],
      /rules\.0\.all/,
    ],
    ['there are none', [], /no rule/],
    ['it is no rule file', ['nonsense'], /rule file/],
  ])('are refused whole where %s, and the old ones stay', (_, files, said) => {
    const mine = createWaf({ rules: [evil], clock: systemClock, budgetMs: 1_000 });
    expect(() => mine.replaceRules(files)).toThrow(said);
    expect(mine.judge(body(['an evil one'])).decision).toBe('block');
    mine.dispose();
  });
});

it('native memory of a request is given back at its end, so that a busy day does not end the process', () => {
  const own = createWaf({ rules: [ownRules], clock: systemClock, budgetMs: 1_000 });
  const run = (times: number): void => {
    for (let count = 0; count < times; count++) own.judge(body([`some text, number ${count}`]));
  };
  run(500);
  const before = process.memoryUsage.rss();
  run(3_000);
  // Undisposed, 3,000 contexts hold about 150 MB.
  expect(process.memoryUsage.rss() - before).toBeLessThan(60 * 1024 * 1024);
  own.dispose();
  expect(() => own.judge(body(['some text, again']))).toThrow();
});
