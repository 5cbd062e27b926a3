import { createSecretKey, randomBytes } from 'node:crypto';
import { canonical, type Json, ledgerEntry } from '@vallum/contract';
import { commitEntry, commitField, leafHash as hashOfLeaf, verifyOpening } from '@vallum/contract/tlog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NewEntry, newId } from '../kernel/index.ts';
import { headBytes, leafBytes, readHead, sealEntry } from './leaf.ts';
import { createSealer, decodeRecord, encodeRecord, type Kind, keyVersionOf, openValue } from './record.ts';
import { leafHash } from './tree.ts';

const key = { version: 3, key: createSecretKey(randomBytes(32)) };
const tenant = newId('tenant', 1);
const sealers = { entries: createSealer(key, 'entry'), fields: createSealer(key, 'field') };
const sealValue = (kind: Kind, text: string) => createSealer(key, kind).seal(text);

const change: NewEntry = {
  entry: {
    at: '2026-11-22T10:00:00.000Z',
    change: { after: { id: 'key_1' }, type: 'key.created' },
    id: newId('entry', 1),
    kind: 'change',
    phase: 0,
    tenant,
    v: 1,
  },
  fields: [
    { name: 'name', value: "Jane's laptop" },
    { name: 'note', value: '' },
  ],
};

describe('a sealed value', () => {
  it('opens under its key alone, and says which version of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        const { sealed, commitment } = sealValue('entry', text);
        const { value, salt } = openValue(key.key, 'entry', sealed);
        expect(value.toString()).toBe(Buffer.from(text).toString());
        expect([...commitment]).toEqual([...commitEntry(salt, value)]);
        expect(keyVersionOf(sealed)).toBe(3);
      }),
    );
  });

  it('differs each time, in bytes and in commitment, so that equal entries do not show', () => {
    const sealer = createSealer(key, 'entry');
    const sealed = [
      ...Array.from({ length: 5000 }, () => sealer.seal('the same')),
      sealValue('entry', 'the same'),
    ];
    expect(new Set(sealed.map((each) => each.sealed.toString('hex'))).size).toBe(5001);
    expect(new Set(sealed.map((each) => each.commitment.toString('hex'))).size).toBe(5001);
    // Segment and counter: the pair of key and nonce never comes twice.
    expect(new Set(sealed.map((each) => each.sealed.subarray(2, 22).toString('hex'))).size).toBe(5001);
  });

  it('does not open under another key, as another kind, or with one bit changed', () => {
    const { sealed } = sealValue('entry', 'value');
    expect(() => openValue(createSecretKey(randomBytes(32)), 'entry', sealed)).toThrow();
    expect(() => openValue(key.key, 'field', sealed)).toThrow();
    // The first two bytes name the key's version; what is under it follows.
    for (let bit = 16; bit < sealed.length * 8; bit += 5) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => openValue(key.key, 'entry', changed)).toThrow();
    }
  });
});

describe('a record', () => {
  it('gives back what was put in it', () => {
    const entry = sealValue('entry', '{}').sealed;
    const fields = ['name', 'an é'].map((name) => ({
      name,
      subject: tenant,
      sealed: sealValue('field', 'x').sealed,
    }));
    expect(decodeRecord(encodeRecord(entry, fields))).toEqual({ entry, fields });
  });

  it('that is cut short anywhere is refused, and never read as another', () => {
    const { record } = sealEntry(change, sealers);
    for (let length = 0; length < record.length; length++) {
      const cut = record.subarray(0, length);
      let fields: unknown[] | undefined;
      try {
        ({ fields } = decodeRecord(cut));
      } catch (error) {
        expect(error).toMatchObject({ code: 'internal' });
      }
      if (fields) expect(fields.length).toBeLessThan(2);
    }
  });
});

describe('commitments and leaves', () => {
  it('are those that the public verifier computes', () => {
    for (const [kind, commit] of [
      ['entry', commitEntry],
      ['field', commitField],
    ] as const) {
      const { commitment, sealed } = sealValue(kind, 'value');
      expect([...commitment]).toEqual([
        ...commit(openValue(key.key, kind, sealed).salt, Buffer.from('value')),
      ]);
    }
    expect([...leafHash(Buffer.from('leaf'))]).toEqual([...hashOfLeaf(Buffer.from('leaf'))]);
  });

  it('of an entry open with its text and its salt, and the fields with theirs', () => {
    const { commitment, record } = sealEntry(change, sealers);
    const { entry: sealed, fields } = decodeRecord(record);
    const { value, salt } = openValue(key.key, 'entry', sealed);
    const entry = JSON.parse(value.toString()) as Json;
    expect(canonical(entry)).toBe(value.toString());
    expect(ledgerEntry.parse(entry)).toEqual(entry);
    expect(value.toString()).not.toContain('Jane');
    const opened = fields.map((field) => {
      const own = openValue(key.key, 'field', field.sealed);
      return [field.name, { value: own.value.toString(), salt: own.salt.toString('base64') }];
    });
    const opening = { entry, salt: salt.toString('base64'), fields: Object.fromEntries(opened) };
    expect(verifyOpening(opening, leafBytes(commitment))).toMatchObject({
      ok: true,
      fields: { name: "Jane's laptop", note: '' },
    });
  });
});

describe('the head of a leaf', () => {
  it('says whose it is and which phase, for who must find what a dead process left open', () => {
    const { head } = sealEntry(change, sealers);
    expect(head).toHaveLength(headBytes);
    const { tenant: uuid, id, phase, kind } = readHead(head);
    expect({ tenant: `tnt_${uuid}`, id: `ent_${id}`, phase, kind }).toEqual({
      tenant,
      id: change.entry.id,
      phase: 0,
      kind: 'change',
    });
  });
});
