import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CrsCase, crsCases, sharedData } from '../../../../../tests/support/waf/crs-cases.ts';
import { systemClock } from '../../../kernel/index.ts';
import { createEngine } from '../libddwaf.ts';
import type { Rule } from '../rule.ts';
import { ownRules } from '../rules/own-rules.ts';
import { createWaf, type Waf } from '../waf.ts';
import { type CrsImport, importCrs } from './import-crs.ts';

const tryRule = (rule: Rule): void => createEngine([rule]).dispose();
const imported = (conf: string, data: Record<string, string> = {}): CrsImport =>
  importCrs({
    files: [{ name: 'a.conf', text: conf }, ...Object.entries(data).map(([name, text]) => ({ name, text }))],
    paranoia: 1,
    tryRule,
  });

describe('a rule of CRS', () => {
  it('is taken with its places, its test, its transformations and its score', () => {
    const { file, notTaken } = imported(String.raw`
# a comment \
SecRule REQUEST_COOKIES|!REQUEST_COOKIES:/__utm|x/|ARGS_NAMES|ARGS|XML:/*|REQUEST_HEADERS:X-Tool "@rx (?i)say\s+\"evil\"" \
    "id:900123,\
    phase:2,\
    block,\
    t:none,t:urlDecodeUni,t:lowercase,\
    msg:'One, two',\
    tag:'attack-sqli',\
    tag:'paranoia-level/1',\
    severity:'ERROR'"`);
    expect(notTaken).toEqual([]);
    expect(file?.rules).toEqual([
      {
        id: 'crs-900123',
        family: 'sql',
        score: 4,
        all: [
          {
            on: ['cookie', 'name', 'value', 'header:x-tool'],
            test: { regex: String.raw`(?i)say\s+"evil"`, caseSensitive: true },
            transformers: ['lowercase'],
          },
        ],
      },
    ]);
  });

  it('judges only the header that it names', () => {
    const { file } = imported(`SecRule REQUEST_HEADERS:X-Tool "@streq e.vil" "id:1,phase:1,deny"`);
    const waf = createWaf({ rules: file ? [file] : [], clock: systemClock, budgetMs: 1_000 });
    const head = (...rawHeaders: string[]) =>
      waf.judge({ head: { method: 'GET', path: '/', query: '', rawHeaders } }).decision;
    expect(head('x-tool', 'e.vil')).toBe('block');
    expect(head('x-tool', 'devil')).toBe('allow');
    expect(head('x-other', 'e.vil')).toBe('allow');
    waf.dispose();
  });

  it('with a list reads it from its file, and a chain is taken as a whole', () => {
    const conf = `SecRule ARGS "@pmFromFile words.data" "id:2,phase:2,block,chain"\n  SecRule REQUEST_FILENAME "@endsWith /x" "t:none"`;
    expect(imported(conf, { 'words.data': '# none\none\n\ntwo words\n' }).file?.rules[0]?.all).toEqual([
      { on: ['value'], test: { phrases: ['one', 'two words'] } },
      { on: ['path'], test: { regex: '\\/x$', caseSensitive: true } },
    ]);
    expect(imported(conf).notTaken).toEqual([
      { id: '2', reason: 'needs the file words.data, which is not there' },
    ]);
  });

  it.each([
    ['&ARGS "@gt 5" "id:3,phase:2,block"', 'counts ARGS'],
    ['ARGS "!@rx ^a$" "id:3,phase:2,block"', 'matches where @rx does not'],
    ['ARGS "@rx (?=a)b" "id:3,phase:2,block"', 'its expression is not RE2'],
    ['ARGS "@rx a" "id:3,phase:2,block,t:sha1"', 'needs the transformation sha1'],
    ['ARGS:q "@rx a" "id:3,phase:2,block"', 'reads ARGS:q, one member alone'],
    ['ARGS "@rx a" "id:3,phase:2,block,chain"\nSecRule MATCHED_VARS "@rx b" "t:none"', 'reads MATCHED_VARS'],
    ['FILES "@rx a" "id:3,phase:2,block"', 'is about forms'],
    ['ARGS "@validateByteRange 1-255" "id:3,phase:2,block"', 'uses @validateByteRange'],
  ])('is not taken where that would change it, and the reason is said: %s', (rule, reason) => {
    const { file, notTaken } = imported(`SecRule ${rule}`);
    expect(file).toBeUndefined();
    expect(notTaken).toEqual([{ id: '3', reason: expect.stringContaining(reason) }]);
  });

  it.each([
    ['steers CRS', 'SecRule TX:EXECUTING_PARANOIA_LEVEL "@lt 1" "id:4,phase:1,pass,skipAfter:END"'],
    ['adds scores up', 'SecRule TX:ANOMALY_SCORE "@ge 5" "id:4,phase:2,deny"'],
    ['is on replies', 'SecRule RESPONSE_BODY "@rx a" "id:4,phase:4,block"'],
    ['is of a higher level', `SecRule ARGS "@rx a" "id:4,phase:2,block,tag:'paranoia-level/2'"`],
    ['is no rule', 'SecAction "id:4,phase:1,pass"'],
  ])('that %s is not counted', (_, conf) => {
    expect(imported(conf)).toEqual({ file: undefined, taken: [], covered: [], notTaken: [] });
  });
});

const debian = '/usr/share/modsecurity-crs/rules';
describe.skipIf(!existsSync(debian))(
  `Debian's modsecurity-crs (skipped where ${debian} is not there)`,
  () => {
    let result: CrsImport;
    let own: Waf;
    let both: Waf;
    beforeAll(() => {
      const files = globSync('*.{conf,data}', { cwd: debian }).map((name) => ({
        name,
        text: readFileSync(path.join(debian, name), 'utf8'),
      }));
      result = importCrs({ files, paranoia: 1, tryRule });
      own = createWaf({ rules: [ownRules], clock: systemClock, budgetMs: 5_000 });
      both = createWaf({
        rules: result.file ? [ownRules, result.file] : [],
        clock: systemClock,
        budgetMs: 5_000,
      });
    });

    it('is taken for at least three quarters of its rules at level 1, and says why of each other one', () => {
      const all = result.taken.length + result.covered.length + result.notTaken.length;
      expect(all).toBeGreaterThan(120);
      expect((result.taken.length + result.covered.length) / all).toBeGreaterThanOrEqual(0.75);
      expect(result.notTaken.every(({ reason }) => reason.length > 5)).toBe(true);
    });

    it('is taken for at least three quarters of those on attacks by its rules alone', () => {
      const attacks = (ids: readonly string[]): number =>
        ids.filter((id) => /^(?:crs-)?9(?:13|21|3\d|4[1-4])\d{3}$/.test(id)).length;
      const taken = attacks(result.taken);
      expect(taken).toBeGreaterThan(70);
      expect(taken / (taken + attacks(result.notTaken.map(({ id }) => id)))).toBeGreaterThanOrEqual(0.75);
    });

    const shared = sharedData('waf/crs');
    it.skipIf(!shared)(
      'raises what is caught of the public attacks (skipped where there is no ../shared/data)',
      () => {
        // Every fourth, since all of them take long where others work too.
        const cases: CrsCase[] = crsCases(shared ?? '').filter(
          ({ expected }, at) => expected.length > 0 && at % 4 === 0,
        );
        const caught = (waf: Waf): number =>
          cases.filter(({ input }) => waf.judge(input).decision === 'block').length;
        expect(caught(both)).toBeGreaterThan(caught(own));
      },
    );
  },
);
