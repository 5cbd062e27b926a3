import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProver } from './prover.ts';
import { emptyTree, extend, type FullTile, leafHash, rootOf, type Tree, treeFrom } from './tree.ts';

/** RFC 6962's definition, word by word, as the thing to compare with. */
function reference(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return createHash('sha256').digest();
  if (hashes.length === 1) return hashes[0] as Buffer;
  let k = 1;
  while (k * 2 < hashes.length) k *= 2;
  return createHash('sha256')
    .update('\x01')
    .update(reference(hashes.slice(0, k)))
    .update(reference(hashes.slice(k)))
    .digest();
}

/** A log in memory: appends in batches, keeps tiles as a store would. */
function grow(sizes: readonly number[]) {
  const leaves: Buffer[] = [];
  const tiles = new Map<string, FullTile>();
  let tree: Tree = emptyTree;
  for (const count of sizes) {
    const batch = Array.from({ length: count }, () => leafHash(randomBytes(8)));
    leaves.push(...batch);
    const grown = extend(tree, batch);
    tree = grown.tree;
    for (const tile of grown.tiles) tiles.set(`${tile.level}/${tile.index}`, tile);
  }
  const read = async (level: number, index: number, width: number): Promise<Buffer> => {
    const full = tiles.get(`${level}/${index}`);
    if (full) return full.hashes.subarray(0, width * 32);
    if (level === 0) return Buffer.concat(leaves.slice(index * 256, index * 256 + width));
    return Buffer.concat(
      Array.from({ length: width }, (_, i) => tiles.get(`${level - 1}/${index * 256 + i}`)?.root as Buffer),
    );
  };
  return { leaves, tiles, tree, prover: createProver(read) };
}

const batches = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 12 });

describe('the tree', () => {
  it('has the root that RFC 6962 defines, however the leaves were batched', () => {
    fc.assert(
      fc.property(batches, (sizes) => {
        const { leaves, tree } = grow(sizes);
        expect(rootOf(tree)).toEqual(reference(leaves));
      }),
      { numRuns: 40 },
    );
  });

  it('completes each tile once, with the root of its hashes', () => {
    const { tiles, tree, leaves } = grow([255, 1, 256, 300, 66_000 - 812]);
    expect(tree.size).toBe(66_000);
    const levels = [...tiles.values()].map(({ level }) => level);
    expect(levels.filter((level) => level === 0)).toHaveLength(Math.floor(66_000 / 256));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const { level, index, hashes, root } of tiles.values()) {
      expect(hashes).toHaveLength(8192);
      const span = 256 ** (level + 1);
      expect(root).toEqual(reference(leaves.slice(index * span, (index + 1) * span)));
    }
  });

  it('continues from its unfinished tiles as if it had never stopped', () => {
    fc.assert(
      fc.property(batches, (sizes) => {
        const { tree } = grow(sizes);
        const again = treeFrom(tree.size, tree.partials);
        const more = Array.from({ length: 300 }, () => leafHash(randomBytes(8)));
        expect(rootOf(again)).toEqual(rootOf(tree));
        expect(rootOf(extend(again, more).tree)).toEqual(rootOf(extend(tree, more).tree));
      }),
      { numRuns: 40 },
    );
  });

  it('says the root of every earlier size from its tiles', async () => {
    const { leaves, prover } = grow([700, 1, 99]);
    for (const size of [1, 2, 255, 256, 257, 511, 512, 700, 799, 800]) {
      expect(await prover.rootAt(size)).toEqual(reference(leaves.slice(0, size)));
    }
  });
});
