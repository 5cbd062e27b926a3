import { createSecretKey, randomBytes } from 'node:crypto';
import { canonical, type Json, ledgerEntry } from '@vallum/contract';
import {
  commitEntry as entryCommitment,
  commitField as fieldCommitment,
  leafHash as hashOfLeaf,
  verifyOpening,
} from '@vallum/contract/tlog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NewEntry, newId } from '../kernel/index.ts';
import { headBytes, leafBytes, readHead, sealEntry } from './leaf.ts';
import {
  commitEntry,
  commitField,
  decodeRecord,
  encodeRecord,
  keyVersionOf,
  openValue,
  sealValue,
} from './record.ts';
import { leafHash } from './tree.ts';

const key = { version: 3, key: createSecretKey(randomBytes(32)) };
const tenant = newId('tenant', 1);

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
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const value = Buffer.from(bytes);
        const { sealed, salt } = sealValue(key, 'entry', value);
        expect(openValue(key.key, 'entry', sealed)).toEqual({ value, salt });
        expect(keyVersionOf(sealed)).toBe(3);
      }),
    );
  });

  it('differs each time, in bytes and in salt, so that equal entries do not show', () => {
    const value = Buffer.from('the same');
    const [a, b] = [sealValue(key, 'entry', value), sealValue(key, 'entry', value)];
    expect(a.sealed).not.toEqual(b.sealed);
    expect(a.salt).not.toEqual(b.salt);
  });

  it('does not open under another key, as another kind, or with one bit changed', () => {
    const { sealed } = sealValue(key, 'entry', Buffer.from('value'));
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
    const entry = sealValue(key, 'entry', Buffer.from('{}')).sealed;
    const fields = ['name', 'an é'].map((name) => ({
      name,
      subject: tenant,
      sealed: sealValue(key, 'field', Buffer.from('x')).sealed,
    }));
    expect(decodeRecord(encodeRecord(entry, fields))).toEqual({ entry, fields });
  });

  it('that is cut short anywhere is refused, and never read as another', () => {
    const { record } = sealEntry(change, key);
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
    const [salt, value] = [randomBytes(16), randomBytes(100)];
    expect([...commitEntry(salt, value)]).toEqual([...entryCommitment(salt, value)]);
    expect([...commitField(salt, value)]).toEqual([...fieldCommitment(salt, value)]);
    expect([...leafHash(value)]).toEqual([...hashOfLeaf(value)]);
  });

  it('of an entry open with its text and its salt, and the fields with theirs', () => {
    const { commitment, record } = sealEntry(change, key);
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
    const { head } = sealEntry(change, key);
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
