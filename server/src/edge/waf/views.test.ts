import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewsOf } from './views.ts';

const seen = (text: string): readonly string[] => viewsOf(text).texts;

describe('the views of a string', () => {
  it('begin with the string itself, so that nothing is hidden by decoding', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(seen(text)[0]).toBe(text);
        expect(new Set(seen(text)).size).toBe(seen(text).length);
      }),
    ));

  it.each([
    ['%3Cscript%3E', '<script>'],
    ['%253Cscript%253E', '<script>'],
    ['%25253Cscript%25253E', '<script>'],
    ['%u003cscript>', '<script>'],
    ['..%c0%afetc', '../etc'],
    ['..%e0%80%afetc', '../etc'],
    ['%G1%', '%G1%'],
    ['&#60;&#x73;cript&gt;', '<script>'],
    ['&#x0000003cscript>', '<script>'],
    ['\\u003cscript\\x3e', '<script>'],
    ['java\\163cript', 'javascript'],
    ['＜script＞', '<script>'],
    ['un\0ion', 'union'],
    ['un\u200bion', 'union'],
    ['union/**/select', 'union select'],
    ['union/*a*b*/\n\tselect', 'union select'],
    ['/*!50000union*/ select', ' union select'],
    ['union/* never closed', 'union '],
    [`\${\${lower:J}ndi:x}`, `\${jndi:x}`],
    [`\${\${::-j}\${env:NOTHING:-n}di:x}`, `\${jndi:x}`],
    ['%24%7b%6andi:x}', `\${jndi:x}`],
  ])('of %j hold what a layer behind us may read: %j', (text, read) => {
    expect(seen(text)).toContain(read);
  });

  it.each([
    ["c'a't /etc/pass\\wd", 'cat /etc/passwd'],
    [`c""at\${IFS}/etc/passwd`, 'cat /etc/passwd'],
    ['w^h^o^a^m^i', 'whoami'],
    ['who$@ami', 'whoami'],
    ['cat$IFS$9x', 'cat x'],
  ])('of %j hold what a shell makes of it: %j', (text, read) => {
    expect(viewsOf(text).shell).toBe(read);
  });

  it('are one where nothing is encoded, which is nearly always', () => {
    expect(viewsOf('gpt-4o-mini')).toEqual({ texts: ['gpt-4o-mini'], shell: undefined });
    expect(seen('an ordinary sentence')).toHaveLength(1);
  });

  it.each([
    '/*',
    '%',
    '%25',
    `\${`,
    `\${\${`,
    '&#',
    '\\',
    '"',
    "'",
    '<!--',
    `\${a:-`,
    '\\u',
    '&lt',
    '$IFS',
    '*/',
    '%u00',
  ])('of many %j take time in proportion to their length, so that nobody can make us work', (part) => {
    // CPU of this thread in µs: what others do meanwhile is not in it.
    const cost = (times: number): number => {
      const text = part.repeat(times);
      const runs = Array.from({ length: 5 }, () => {
        const began = process.threadCpuUsage();
        viewsOf(text);
        const { user, system } = process.threadCpuUsage(began);
        return user + system;
      });
      return Math.min(...runs);
    };
    cost(2_000);
    // Sixteen times as long: linear is 16, quadratic 256.
    expect(cost(64_000)).toBeLessThan(100 * Math.max(cost(4_000), 500));
  });
});
