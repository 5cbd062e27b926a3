import { expect, it } from 'vitest';
import { loosens } from './loosens.ts';
import type { ListEntry } from './ports.ts';

const entry = (cidr: string, expiresAtMs?: number): ListEntry => ({ cidr, expiresAtMs, note: undefined });
const [a, b] = [entry('192.0.2.0/24'), entry('198.51.100.0/24')];
const brief = entry('192.0.2.0/24', 1_000);
const longer = entry('192.0.2.0/24', 2_000);

it.each([
  ['nothing', [[], []], [[], []], false],
  ['the first allow entry: everybody else is shut out', [[], []], [[a], []], false],
  ['a second one', [[a], []], [[a, b], []], true],
  ['one less', [[a, b], []], [[a], []], false],
  ['the last one: everybody may come', [[a], []], [[], []], true],
  ['another one in its place', [[a], []], [[b], []], true],
  ['an allow entry that ends now', [[a], []], [[brief], []], false],
  ['one that ended, and ends later', [[brief], []], [[longer], []], true],
  ['one that ended, and does not any more', [[brief], []], [[a], []], true],
  ['a deny entry', [[], []], [[], [a]], false],
  ['a deny entry less', [[], [a, b]], [[], [a]], true],
  ['a deny entry that ends now', [[], [a]], [[], [brief]], true],
  ['a deny entry that ends later', [[], [brief]], [[], [longer]], false],
  ['more of both', [[a], []], [[a, b], [a]], true],
  ['a note', [[a], [b]], [[{ ...a, note: 'office' }], [b]], false],
] as const)('a change of %s', (_, [allowBefore, denyBefore], [allowAfter, denyAfter], expected) => {
  const before = { allow: allowBefore, deny: denyBefore };
  expect(loosens(before, { allow: allowAfter, deny: denyAfter })).toBe(expected);
});
