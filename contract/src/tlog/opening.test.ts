import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { leafOfOpening, verifyOpening } from './opening.ts';
import { sealedLog } from './testing/sealed-log.ts';

const log = sealedLog({ origin: 'ledger.example/deployment/2026', size: 2 });
const [leaf = new Uint8Array(), otherLeaf = new Uint8Array()] = log.leaves;
const [opening = {} as never] = log.openings;
const { entry } = opening;

describe('verifyOpening', () => {
  it('opens the leaf that it is of, and no other', () => {
    const opened = { entry, fields: { user_email: 'person-0@example.org' }, withheld: [] };
    expect(verifyOpening(opening, leaf)).toEqual({ ok: true, ...opened });
    expect(verifyOpening(opening, otherLeaf)).toMatchObject({ ok: false, code: 'opening-differs' });
    expect(leafOfOpening(opening)).toEqual({ ok: true, leaf, ...opened });
  });

  it('is the same whatever the order of the members, since the canonical form is what was sealed', () => {
    const shuffled = Object.fromEntries(Object.entries(entry).reverse());
    expect(verifyOpening({ ...opening, entry: shuffled }, leaf).ok).toBe(true);
  });

  it('opens the entry alone, and says which values are withheld', () => {
    const { fields: _, ...withheld } = opening;
    expect(verifyOpening(withheld, leaf)).toMatchObject({ ok: true, fields: {}, withheld: ['user_email'] });
  });

  it.each([
    ['decision', { decision: 'block' }],
    ['time', { at: '2026-11-22T10:00:00.001Z' }],
    ['reasons', { reasons: [{ by: 'x', code: 'y' }] }],
    ['member that was left out', { status: 200 }],
    ['commitment', { committed: { user_email: `${'A'.repeat(43)}=` } }],
  ])('refuses an entry whose %s was changed', (_, change) => {
    const { fields: __, ...rest } = opening;
    expect(verifyOpening({ ...rest, entry: { ...entry, ...change } }, leaf)).toMatchObject({
      ok: false,
      code: 'opening-differs',
    });
  });

  it('refuses members that the schema would leave out, since what is shown must be what was sealed', () => {
    const [, second = {} as never] = log.openings;
    const [reason] = second.entry.reasons ?? [];
    const more = { ...second.entry, reasons: [{ ...reason, note: 'approved by a person' }] };
    expect(verifyOpening({ ...second, entry: more }, otherLeaf)).toMatchObject({
      ok: false,
      code: 'opening-differs',
    });
  });

  it('refuses a value that is not the committed one', () => {
    const { salt = '' } = opening.fields?.user_email ?? {};
    for (const fields of [
      { user_email: { value: 'someone-else@example.org', salt } },
      { user_email: { value: 'person-0@example.org', salt: opening.salt } },
      { other: { value: 'person-0@example.org', salt } },
      { constructor: { value: 'person-0@example.org', salt } },
    ])
      expect(verifyOpening({ ...opening, fields }, leaf)).toMatchObject({ ok: false, code: 'field-differs' });
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'opening'],
    ['a list', []],
    ['no salt', { entry }],
    ['a short salt', { ...opening, salt: 'AAAA' }],
    ['a salt with stray bits', { ...opening, salt: opening.salt.replace(/.==$/, 'x==') }],
    ['a member that no opening has', { ...opening, note: 'approved' }],
    ['an entry of another version', { ...opening, entry: { ...entry, v: 2 } }],
    ['half a character', { ...opening, entry: { ...entry, action: '\ud800' } }],
    [
      'a deeply nested entry',
      { ...opening, entry: { ...entry, change: { type: 'x', after: nested(100_000) } } },
    ],
  ])('refuses %s', (_, value) => {
    expect(verifyOpening(value, leaf)).toMatchObject({ ok: false, code: 'malformed' });
  });

  it('says which member is wrong', () => {
    const wrong = { ...opening, entry: { ...entry, decision: 'maybe' } };
    expect(verifyOpening(wrong, leaf)).toMatchObject({ message: expect.stringContaining('entry.decision') });
  });
});

describe('the leaf', () => {
  it('is a version and the SHA-256 of 0x01, salt and canonical entry, by another implementation', () => {
    const canonical = JSON.stringify(entry);
    const salt = Buffer.from(opening.salt, 'base64');
    const commitment = createHash('sha256').update('\x01').update(salt).update(canonical).digest();
    expect(Buffer.from(leaf)).toEqual(Buffer.concat([Buffer.of(1), commitment]));
  });
});

function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}
