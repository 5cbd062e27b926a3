import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyRoot,
  leafHash,
  nodeHash,
  rootFromInclusion,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import { nearlyUniformTree, referenceTree } from './testing/reference-tree.ts';
import { TlogError } from './verification.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const leaves = Array.from({ length: 3000 }, (_, i) => bytes(`leaf ${i}`));
const tree = referenceTree(leaves);
const hashes = leaves.map(leafHash);
const hashAt = (i: number): Uint8Array => hashes[i] ?? new Uint8Array();

describe('hashes', () => {
  it('gives the roots and hashes that other implementations publish', () => {
    expect(hex(emptyRoot)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(leafHash(new Uint8Array()))).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    expect(hex(leafHash(bytes('L123456')))).toBe(
      '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56',
    );
  });

  it('makes a leaf and a node of the same bytes differ, so that a node cannot pass for a leaf', () => {
    const both = new Uint8Array(64);
    expect(hex(leafHash(both))).not.toBe(hex(nodeHash(both.subarray(32), both.subarray(32))));
  });

  it('refuses hashes of other lengths, since a byte moved across the border would give the same node', () => {
    expect(() => nodeHash(new Uint8Array(31), new Uint8Array(33))).toThrow(TlogError);
  });
});

/** A size from 1 to 3000, and a place below it. */
const place = fc.integer({ min: 1, max: leaves.length }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    index: fc.oneof(fc.integer({ min: 0, max: size - 1 }), fc.constant(0), fc.constant(size - 1)),
  }),
);

describe('verifyInclusion', () => {
  it('accepts every leaf of every small tree, and no leaf at another place', () => {
    for (let size = 1; size <= 70; size++) {
      for (let index = 0; index < size; index++) {
        const proof = tree.inclusion(index, size);
        const claim = { index, size, leafHash: hashAt(index), proof, root: tree.root(size) };
        expect(verifyInclusion(claim)).toEqual({ ok: true });
        const elsewhere = { ...claim, index: (index + 1) % size };
        expect(verifyInclusion(elsewhere).ok).toBe(size === 1);
      }
    }
  });

  it('accepts what the definition gives, at any size', () => {
    fc.assert(
      fc.property(place, ({ index, size }) => {
        const proof = tree.inclusion(index, size);
        expect(
          verifyInclusion({ index, size, leafHash: hashAt(index), proof, root: tree.root(size) }).ok,
        ).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses a changed claim: another hash, one more, one less, two swapped, another place', () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.nat({ max: 255 }), ({ index, size }, at, bit) => {
        fc.pre(size > 2);
        const proof = tree.inclusion(index, size);
        const claim = { index, size, leafHash: hashAt(index), proof, root: tree.root(size) };
        const spot = at % proof.length;
        const flipped = proof.map((hash, i) => (i === spot ? flip(hash, bit) : hash));
        for (const changed of [
          { ...claim, proof: flipped },
          { ...claim, leafHash: flip(claim.leafHash, bit) },
          { ...claim, root: flip(claim.root, bit) },
          { ...claim, proof: [...proof, tree.root(size)] },
          { ...claim, proof: proof.slice(0, -1) },
          { ...claim, proof: proof.slice(1) },
          { ...claim, index: (index + 1 + (at % (size - 1))) % size },
        ])
          expect(verifyInclusion(changed).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [-1, 8],
    [8, 8],
    [0, 0],
    [0.5, 8],
    [Number.NaN, 8],
    [0, Number.POSITIVE_INFINITY],
    [2 ** 53, 2 ** 53 + 2],
  ])('refuses index %d in a tree of %d leaves, which does not exist', (index, size) => {
    const claim = { index, size, leafHash: hashAt(0), proof: [], root: hashAt(0) };
    expect(verifyInclusion(claim)).toMatchObject({ ok: false, code: 'not-included' });
    expect(() => rootFromInclusion(claim)).toThrow(TlogError);
  });
});

describe('verifyConsistency', () => {
  it('accepts every pair of small trees, and refuses each with the roots swapped', () => {
    for (let to = 1; to <= 70; to++) {
      for (let from = 1; from <= to; from++) {
        const claim = {
          from,
          to,
          fromRoot: tree.root(from),
          toRoot: tree.root(to),
          proof: tree.consistency(from, to),
        };
        expect(verifyConsistency(claim)).toEqual({ ok: true });
        const swapped = { ...claim, fromRoot: claim.toRoot, toRoot: claim.fromRoot };
        expect(verifyConsistency(swapped).ok).toBe(from === to);
      }
    }
  });

  it('accepts what the definition gives, at any sizes, and nothing that differs from it', () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.nat({ max: 255 }), ({ index, size }, at, bit) => {
        const [from, to] = [index + 1, size];
        const proof = tree.consistency(from, to);
        const claim = { from, to, fromRoot: tree.root(from), toRoot: tree.root(to), proof };
        expect(verifyConsistency(claim)).toEqual({ ok: true });
        const spot = proof.length > 0 ? at % proof.length : -1;
        for (const changed of [
          { ...claim, fromRoot: flip(claim.fromRoot, bit) },
          { ...claim, toRoot: flip(claim.toRoot, bit) },
          { ...claim, proof: [...proof, tree.root(size)] },
          { ...claim, proof: [tree.root(size), ...proof] },
          { ...claim, from: from + 1 },
          { ...claim, from: from - 1 },
          ...(spot < 0
            ? []
            : [
                { ...claim, proof: proof.slice(0, -1) },
                { ...claim, proof: proof.map((hash, i) => (i === spot ? flip(hash, bit) : hash)) },
              ]),
        ])
          expect(verifyConsistency(changed).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses an older tree without leaves, of which nothing follows', () => {
    const claim = { from: 0, to: 1, fromRoot: emptyRoot, toRoot: hashAt(0), proof: [] };
    expect(verifyConsistency(claim)).toMatchObject({ ok: false, code: 'not-consistent' });
    expect(verifyConsistency({ ...claim, to: 0, toRoot: emptyRoot }).ok).toBe(false);
  });
});

describe('trees larger than 2^32 leaves', () => {
  it.each([2 ** 32 + 1, 2 ** 40 + 12_345, 2 ** 52 + 2 ** 31 + 7, 2 ** 53 - 1])(
    'proves the odd leaf of %d, and that the tree grew to there',
    (size) => {
      const odd = { index: size - 3 - (size % 5), leaf: bytes('odd') };
      const large = nearlyUniformTree(bytes('even'), odd);
      const root = large.root(size);
      const proof = large.inclusion(odd.index, size);
      const claim = { index: odd.index, size, leafHash: leafHash(odd.leaf), proof, root };
      expect(verifyInclusion(claim)).toEqual({ ok: true });
      // What 32-bit arithmetic would take for the same places.
      expect(verifyInclusion({ ...claim, index: odd.index % 2 ** 32, size: size % 2 ** 32 }).ok).toBe(false);
      expect(verifyInclusion({ ...claim, leafHash: leafHash(bytes('even')) }).ok).toBe(false);
      for (const from of [1, 2 ** 31, 2 ** 32 - 1, size - 1, Math.min(size - 1, 2 ** 32)]) {
        const grown = { from, to: size, fromRoot: large.root(from), toRoot: root };
        const between = large.consistency(from, size);
        expect(verifyConsistency({ ...grown, proof: between })).toEqual({ ok: true });
        expect(verifyConsistency({ ...grown, from: from + 1, proof: between }).ok).toBe(false);
      }
    },
  );
});

const flip = (hash: Uint8Array, bit: number): Uint8Array =>
  hash.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
