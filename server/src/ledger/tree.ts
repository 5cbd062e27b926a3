import { hash } from 'node:crypto';

/**
 * The growing edge of an RFC 6962 tree, as an immutable value: what is needed to append and to say the root, and nothing of what lies
 * to the left. Tiles are 256 hashes wide (C2SP tlog-tiles): `partials[level]` holds the hashes of that level's rightmost, unfinished tile.
 */
export interface Tree {
  readonly size: number;
  readonly partials: readonly (readonly Buffer[])[];
  /** Roots of the perfect subtrees that the size is made of, by height; a hole where the size has no such bit. */
  readonly edge: readonly (Buffer | undefined)[];
}

/** A tile that is complete and will never change. */
export interface FullTile {
  readonly level: number;
  readonly index: number;
  /** 256 hashes of 32 bytes. */
  readonly hashes: Buffer;
  /** The root of those hashes: one hash of the level above. */
  readonly root: Buffer;
}

export const tileHeight = 8;
export const tileWidth = 256;

/** RFC 6962, 2.1: `SHA-256(0x00 ‖ leaf)`. */
export function leafHash(leaf: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + leaf.length);
  input[0] = 0x00;
  input.set(leaf, 1);
  return hash('sha256', input, 'buffer');
}

/** RFC 6962, 2.1: `SHA-256(0x01 ‖ left ‖ right)`. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(65);
  input[0] = 0x01;
  input.set(left, 1);
  input.set(right, 33);
  return hash('sha256', input, 'buffer');
}

export const emptyTree: Tree = { size: 0, partials: [], edge: [] };

/** The root of an empty tree: the hash of nothing. */
const emptyRoot = hash('sha256', Buffer.alloc(0), 'buffer');

/** The tree hash at this size. */
export function rootOf({ edge }: Tree): Buffer {
  let root: Buffer | undefined;
  for (const subtree of edge) {
    if (subtree) root = root ? nodeHash(subtree, root) : subtree;
  }
  return root ?? emptyRoot;
}

/** The tree with leaf hashes appended, and the tiles that this completed, lowest level first. */
export function extend(tree: Tree, leaves: readonly Buffer[]): { tree: Tree; tiles: FullTile[] } {
  const partials = tree.partials.map((level) => [...level]);
  const edge = [...tree.edge];
  const tiles: FullTile[] = [];
  let size = tree.size;

  const intoTile = (level: number, node: Buffer): void => {
    const partial = partials[level] ?? [];
    partials[level] = partial;
    partial.push(node);
  };
  for (const leaf of leaves) {
    intoTile(0, leaf);
    let node = leaf;
    let height = 0;
    // Carry, as in binary addition: two subtrees of one height make one of the next.
    for (let left = edge[0]; left; left = edge[height]) {
      node = nodeHash(left, node);
      edge[height] = undefined;
      height++;
      if (height % tileHeight === 0) {
        const level = height / tileHeight - 1;
        tiles.push({
          level,
          index: Math.floor(size / tileWidth ** (level + 1)),
          hashes: Buffer.concat(partials[level] ?? []),
          root: node,
        });
        partials[level] = [];
        intoTile(level + 1, node);
      }
    }
    edge[height] = node;
    size++;
  }
  return { tree: { size, partials, edge }, tiles };
}

/** The tree of this size whose unfinished tiles hold these hashes: how a process continues from what is stored. */
export function treeFrom(size: number, partials: readonly (readonly Buffer[])[]): Tree {
  const edge: (Buffer | undefined)[] = [];
  for (const [level, hashes] of partials.entries()) {
    let rest = hashes;
    for (let bit = tileHeight - 1; bit >= 0; bit--) {
      const width = 2 ** bit;
      if (rest.length < width) continue;
      edge[level * tileHeight + bit] = perfectRoot(rest.slice(0, width));
      rest = rest.slice(width);
    }
  }
  // Holes become undefined members, as `extend` leaves them.
  return { size, partials, edge: Array.from(edge) };
}

/** The root over a power of two of hashes. */
function perfectRoot(hashes: readonly Buffer[]): Buffer {
  let row = hashes;
  while (row.length > 1) {
    const next: Buffer[] = [];
    for (let i = 0; i < row.length; i += 2) next.push(nodeHash(at(row, i), at(row, i + 1)));
    row = next;
  }
  return at(row, 0);
}

function at(row: readonly Buffer[], i: number): Buffer {
  const hash = row[i];
  if (!hash) throw new RangeError(`no hash at ${i} of ${row.length}`);
  return hash;
}
