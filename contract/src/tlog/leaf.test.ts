import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { commitEntry, commitField, leafOf } from './leaf.ts';
import { TlogError } from './verification.ts';

const salt = new Uint8Array(16).fill(5);
const value = new TextEncoder().encode('value');
const sha256 = (...parts: Uint8Array[]) =>
  Uint8Array.from(createHash('sha256').update(Buffer.concat(parts)).digest());

describe('commitments', () => {
  it('hash the kind, the salt and the value, so that a field never opens as an entry', () => {
    expect(commitEntry(salt, value)).toEqual(sha256(Uint8Array.of(1), salt, value));
    expect(commitField(salt, value)).toEqual(sha256(Uint8Array.of(2), salt, value));
  });

  it('refuse a salt of another length, which could lend bytes to the value', () => {
    for (const length of [0, 15, 17]) {
      expect(() => commitEntry(new Uint8Array(length), value)).toThrow(TlogError);
      expect(() => commitField(new Uint8Array(length), value)).toThrow(TlogError);
    }
  });
});

describe('leafOf', () => {
  it('is the version and the commitment', () => {
    const commitment = commitEntry(salt, value);
    expect(leafOf(commitment)).toEqual(Uint8Array.of(1, ...commitment));
    expect(() => leafOf(commitment.subarray(1))).toThrow(TlogError);
  });
});
