import { createHash } from 'node:crypto';

/*
 * The Merkle tree as RFC 6962, section 2.1, defines it: recursively, with another hash implementation than the code under test, and
 * without a thought for speed. Shares nothing with it.
 */

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
};

/** MTH of the leaves from `lo` up to, not including, `hi`. */
type RangeHash = (lo: number, hi: number) => Uint8Array;

export interface ReferenceTree {
  /** MTH(D[0:size]). */
  root(size: number): Uint8Array;
  /** PATH(index, D[0:size]). */
  inclusion(index: number, size: number): Uint8Array[];
  /** PROOF(from, D[0:to]). */
  consistency(from: number, to: number): Uint8Array[];
}

/** The largest power of two below n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

function treeOver(rangeHash: RangeHash): ReferenceTree {
  const path = (index: number, lo: number, hi: number): Uint8Array[] => {
    if (hi - lo === 1) return [];
    const middle = lo + split(hi - lo);
    return index < middle
      ? [...path(index, lo, middle), rangeHash(middle, hi)]
      : [...path(index, middle, hi), rangeHash(lo, middle)];
  };
  const subproof = (from: number, lo: number, hi: number, known: boolean): Uint8Array[] => {
    if (from === hi) return known ? [] : [rangeHash(lo, hi)];
    const middle = lo + split(hi - lo);
    return from <= middle
      ? [...subproof(from, lo, middle, known), rangeHash(middle, hi)]
      : [...subproof(from, middle, hi, false), rangeHash(lo, middle)];
  };
  return {
    root: (size) => (size === 0 ? sha256() : rangeHash(0, size)),
    inclusion: (index, size) => path(index, 0, size),
    consistency: (from, to) => subproof(from, 0, to, true),
  };
}

/** The tree over these leaves. */
export function referenceTree(leaves: readonly Uint8Array[]): ReferenceTree {
  const known = new Map<string, Uint8Array>();
  const rangeHash: RangeHash = (lo, hi) => {
    const name = `${lo}-${hi}`;
    const before = known.get(name);
    if (before) return before;
    const middle = lo + split(hi - lo);
    const hash =
      hi - lo === 1
        ? sha256(Uint8Array.of(0), leaves[lo] ?? new Uint8Array())
        : sha256(Uint8Array.of(1), rangeHash(lo, middle), rangeHash(middle, hi));
    known.set(name, hash);
    return hash;
  };
  return treeOver(rangeHash);
}

/** A tree of any size whose leaves are all the same but one, so that it can be larger than memory. */
export function nearlyUniformTree(
  leaf: Uint8Array,
  odd: { readonly index: number; readonly leaf: Uint8Array },
): ReferenceTree {
  const uniform = new Map<number, Uint8Array>();
  const rangeHash: RangeHash = (lo, hi) => {
    const holdsOdd = lo <= odd.index && odd.index < hi;
    const before = holdsOdd ? undefined : uniform.get(hi - lo);
    if (before) return before;
    const middle = lo + split(hi - lo);
    const hash =
      hi - lo === 1
        ? sha256(Uint8Array.of(0), holdsOdd ? odd.leaf : leaf)
        : sha256(Uint8Array.of(1), rangeHash(lo, middle), rangeHash(middle, hi));
    if (!holdsOdd) uniform.set(hi - lo, hash);
    return hash;
  };
  return treeOver(rangeHash);
}
