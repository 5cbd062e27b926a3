import { nodeHash, tileHeight, tileWidth } from './tree.ts';

/** Reads the tiles of one log. `width` is less than 256 for the rightmost tile of a level only. */
export type ReadTile = (level: number, index: number, width: number) => Promise<Buffer>;

/** Proofs about one log, from its tiles. Full tiles are kept with their inner nodes, since they never change. */
export interface Prover {
  /** RFC 6962, 2.1.1: from the leaf's sibling up. */
  inclusion(index: number, size: number): Promise<Buffer[]>;
  /** RFC 6962, 2.1.2. */
  consistency(from: number, to: number): Promise<Buffer[]>;
  rootAt(size: number): Promise<Buffer>;
}

/** Full tiles kept, about 24 KB each with their nodes. */
const tilesKept = 512;

/** The nodes of a tile by height: row 0 its hashes, row 8 its root when it is full. */
type Rows = readonly (readonly Buffer[])[];

export function createProver(readTile: ReadTile): Prover {
  const kept = new Map<string, Promise<Rows>>();

  function tile(level: number, index: number, size: number): Promise<Rows> {
    const width = Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth);
    if (width < tileWidth) return readTile(level, index, width).then(rowsOf);
    const name = `${level}/${index}`;
    const known = kept.get(name);
    if (known !== undefined) return known;
    const rows = readTile(level, index, width).then(rowsOf);
    kept.set(name, rows);
    rows.catch(() => kept.delete(name));
    const oldest = kept.keys().next();
    if (kept.size > tilesKept && !oldest.done) kept.delete(oldest.value);
    return rows;
  }

  /** The perfect subtree of 2^height leaves, `place` such subtrees from the left. */
  async function perfect(height: number, place: number, size: number): Promise<Buffer> {
    const level = Math.floor(height / tileHeight);
    const above = 2 ** (tileHeight - (height % tileHeight));
    const rows = await tile(level, Math.floor(place / above), size);
    const node = rows[height % tileHeight]?.[place % above];
    if (!node) throw new RangeError(`no node of height ${height} at ${place} in a tree of ${size}`);
    return node;
  }

  /** The hash of leaves [from, to) as RFC 6962 splits them, in a tree of `size`. */
  async function range(from: number, to: number, size: number): Promise<Buffer> {
    const width = to - from;
    const half = splitOf(width);
    if (half * 2 === width || width === 1) {
      const height = Math.log2(width);
      return perfect(height, from / width, size);
    }
    const [left, right] = await Promise.all([range(from, from + half, size), range(from + half, to, size)]);
    return nodeHash(left, right);
  }

  return {
    rootAt: (size) => range(0, size, size),
    inclusion(index, size) {
      const path: Promise<Buffer>[] = [];
      for (let [from, to] = [0, size]; to - from > 1; ) {
        const middle = from + splitOf(to - from);
        const left = index < middle;
        path.unshift(left ? range(middle, to, size) : range(from, middle, size));
        if (left) to = middle;
        else from = middle;
      }
      return Promise.all(path);
    },
    consistency(old, size) {
      const path: Promise<Buffer>[] = [];
      if (old === size || old === 0) return Promise.resolve([]);
      // RFC 6962's SUBPROOF, walked down; `whole` says that the old tree so far is a subtree of the new one.
      let whole = true;
      let from = 0;
      let to = size;
      while (to !== old) {
        const middle = from + splitOf(to - from);
        if (old <= middle) {
          path.unshift(range(middle, to, size));
          to = middle;
        } else {
          path.unshift(range(from, middle, size));
          from = middle;
          whole = false;
        }
      }
      if (!whole) path.unshift(range(from, to, size));
      return Promise.all(path);
    },
  };
}

/** The largest power of two below n; 1 for n = 1. */
function splitOf(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

function rowsOf(hashes: Buffer): Rows {
  const leaves: Buffer[] = [];
  for (let at = 0; at < hashes.length; at += 32) leaves.push(hashes.subarray(at, at + 32));
  const rows: Buffer[][] = [leaves];
  for (let row = leaves; row.length > 1; ) {
    const next: Buffer[] = [];
    for (let i = 0; i + 1 < row.length; i += 2) {
      const [left, right] = [row[i], row[i + 1]];
      if (left && right) next.push(nodeHash(left, right));
    }
    rows.push(next);
    row = next;
  }
  return rows;
}
