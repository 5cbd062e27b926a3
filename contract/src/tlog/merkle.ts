import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from './bytes.ts';
import { malformed, TlogError, type Verification, verification } from './verification.ts';

/*
 * The Merkle tree of RFC 6962, section 2.1, and its proofs by the algorithms of RFC 9162, section 2.1.3.2 and 2.1.4.2.
 * Sizes go to 2^53 - 1. Nothing here shifts or masks: JavaScript does that on 32 bits, and a log may be larger.
 */

export const hashBytes = 32;

/** The root of a tree without leaves: the hash of nothing. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array(0));

/** The hash of a leaf: `SHA-256(0x00 ‖ leaf)`. */
export function leafHash(leaf: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + leaf.length);
  input.set(leaf, 1);
  return sha256(input);
}

/**
 * The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
 * @throws TlogError `malformed` unless both are 32 bytes: the border between them is not in the hash.
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== hashBytes || right.length !== hashBytes)
    throw malformed(`a hash in a Merkle tree has ${hashBytes} bytes, not ${left.length} or ${right.length}`);
  const input = new Uint8Array(1 + 2 * hashBytes);
  input[0] = 0x01;
  input.set(left, 1);
  input.set(right, 1 + hashBytes);
  return sha256(input);
}

export interface InclusionPath {
  /** The leaf's place, from 0. */
  readonly index: number;
  /** Leaves in the tree. */
  readonly size: number;
  readonly leafHash: Uint8Array;
  /** From the leaf's sibling up to the root's child. */
  readonly proof: readonly Uint8Array[];
}

/**
 * The root that an inclusion proof leads to.
 * @throws TlogError `not-included` when no tree of this size has such a proof for this index.
 */
export function rootFromInclusion({ index, size, leafHash, proof }: InclusionPath): Uint8Array {
  if (!isCount(index) || !isCount(size) || index >= size)
    throw new TlogError('not-included', `a tree of ${size} leaves has no leaf ${index}`);
  if (leafHash.length !== hashBytes)
    throw malformed(`the hash of a leaf has ${hashBytes} bytes, not ${leafHash.length}`);
  let root = leafHash;
  let node = index;
  let last = size - 1;
  for (const sibling of proof) {
    if (last === 0) throw wrongLength('not-included', proof);
    if (isOdd(node) || node === last) {
      root = nodeHash(sibling, root);
      // The last node of a row has no sibling where the row is odd: it goes up as it is.
      while (!isOdd(node) && node > 0) [node, last] = [half(node), half(last)];
    } else {
      root = nodeHash(root, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) throw wrongLength('not-included', proof);
  return root;
}

/** Whether the leaf is in the tree with this root, at this index. */
export function verifyInclusion(claim: InclusionPath & { readonly root: Uint8Array }): Verification {
  return verification(() => {
    if (!equalBytes(rootFromInclusion(claim), claim.root))
      throw new TlogError('not-included', `the proof does not lead from leaf ${claim.index} to the root`);
    return {};
  });
}

export interface ConsistencyClaim {
  /** Leaves in the older tree, at least one: every tree begins with an empty one. */
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Whether the newer tree begins with all leaves of the older one, unchanged. */
export function verifyConsistency(claim: ConsistencyClaim): Verification {
  return verification(() => {
    const { fromRoot, toRoot } = rootsFromConsistency(claim);
    if (!equalBytes(fromRoot, claim.fromRoot) || !equalBytes(toRoot, claim.toRoot))
      throw new TlogError(
        'not-consistent',
        `the tree of ${claim.to} leaves does not extend that of ${claim.from}`,
      );
    return {};
  });
}

function rootsFromConsistency({ from, to, fromRoot, proof }: ConsistencyClaim) {
  if (!isCount(from) || !isCount(to) || from < 1 || from > to)
    throw new TlogError('not-consistent', `no proof leads from a tree of ${from} leaves to one of ${to}`);
  if (from === to) {
    if (proof.length > 0) throw wrongLength('not-consistent', proof);
    return { fromRoot, toRoot: fromRoot };
  }
  let node = from - 1;
  let last = to - 1;
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  // A tree of 2^k leaves is one whole subtree of the newer tree, so its root is where the path begins; others bring that hash.
  const path = node === 0 ? [fromRoot, ...proof] : proof;
  const [start, ...rest] = path;
  if (!start) throw wrongLength('not-consistent', proof);
  let older = start;
  let newer = start;
  for (const sibling of rest) {
    if (last === 0) throw wrongLength('not-consistent', proof);
    if (isOdd(node) || node === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (!isOdd(node) && node > 0) [node, last] = [half(node), half(last)];
    } else {
      newer = nodeHash(newer, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) throw wrongLength('not-consistent', proof);
  return { fromRoot: older, toRoot: newer };
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);

const wrongLength = (code: 'not-included' | 'not-consistent', proof: readonly Uint8Array[]): TlogError =>
  new TlogError(code, `a proof between these places does not have ${proof.length} hashes`);
