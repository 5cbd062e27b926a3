import { randomBytes } from 'node:crypto';
import { verifyConsistency, verifyInclusion } from '@vallum/contract/tlog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createProver } from './prover.ts';
import { emptyTree, extend, leafHash, rootOf } from './tree.ts';

const size = 70_000;
const leaves = Array.from({ length: size }, () => leafHash(randomBytes(4)));
const { tiles } = extend(emptyTree, leaves);
const roots = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile]));

/** Reads as a store does, whose log has grown to its full size. */
const prover = createProver(async (level, index, width) => {
  const full = roots.get(`${level}/${index}`);
  if (full && width === 256) return full.hashes;
  if (level === 0) return Buffer.concat(leaves.slice(index * 256, index * 256 + width));
  return Buffer.concat(
    Array.from(
      { length: width },
      (_, i) => roots.get(`${level - 1}/${index * 256 + i}`)?.root ?? Buffer.alloc(0),
    ),
  );
});

const rootAt = (at: number) => rootOf(extend(emptyTree, leaves.slice(0, at)).tree);

it('proves each leaf in each tree that has it, to a verifier that was written without it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: size }), fc.nat(size - 1), async (at, place) => {
      const index = place % at;
      const proof = await prover.inclusion(index, at);
      const claim = {
        index,
        size: at,
        leafHash: leaves[index] as Buffer,
        proof,
        root: await prover.rootAt(at),
      };
      expect(verifyInclusion(claim)).toEqual({ ok: true });
    }),
    { numRuns: 300 },
  );
});

it('proves that each tree continues each earlier one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: size }), fc.nat(size), async (to, earlier) => {
      const from = 1 + (earlier % to);
      const proof = await prover.consistency(from, to);
      const claim = { from, to, fromRoot: await prover.rootAt(from), toRoot: await prover.rootAt(to), proof };
      expect(verifyConsistency(claim)).toEqual({ ok: true });
    }),
    { numRuns: 300 },
  );
});

it.each([1, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000])(
  'agrees with the tree on the root of %i leaves',
  async (at) => {
    expect(await prover.rootAt(at)).toEqual(rootAt(at));
  },
);
