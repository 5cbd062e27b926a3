import { leafBytes } from './leaf.ts';
import type { LedgerStore, Log, StoredBatch } from './ports.ts';
import { createProver, type Prover } from './prover.ts';
import { extend, leafHash, type Tree, tileWidth, treeFrom } from './tree.ts';

/** Where a log ends, as this process knows it. */
export interface Head {
  readonly log: Log;
  readonly tree: Tree;
  /** The note of that size; undefined before the first entry. */
  readonly checkpoint: string | undefined;
}

export const emptyHead = (log: Log): Head => ({ log, tree: treeFrom(0, []), checkpoint: undefined });

/** The head after batches that somebody appended; they must continue it. */
export function absorb(head: Head, batches: readonly StoredBatch[]): Head {
  let { tree, checkpoint } = head;
  for (const batch of batches) {
    if (batch.start !== tree.size)
      throw new RangeError(`batch ${batch.start} does not continue ${tree.size}`);
    tree = extend(tree, leafHashes(batch.commitments)).tree;
    checkpoint = batch.checkpoint;
  }
  return { log: head.log, tree, checkpoint };
}

/** The leaf hashes of commitments, 32 bytes each. */
export function leafHashes(commitments: Buffer): Buffer[] {
  const hashes: Buffer[] = [];
  for (let at = 0; at < commitments.length; at += 32)
    hashes.push(leafHash(leafBytes(commitments.subarray(at, at + 32))));
  return hashes;
}

/** Rebuilds the head of a log from what is stored: only the unfinished tiles are read. */
export async function loadHead(store: LedgerStore, log: Log, last: StoredBatch | undefined): Promise<Head> {
  if (!last) return emptyHead(log);
  const size = last.next;
  const partials: Buffer[][] = [];
  for (let level = 0; tileWidth ** level <= size; level++) {
    partials.push(split(await readTile(store, log.log)(level, ...rightmost(size, level))));
  }
  return { log, tree: treeFrom(size, partials), checkpoint: last.checkpoint };
}

/** Index and width of the unfinished tile of a level; its width may be 0. */
function rightmost(size: number, level: number): [index: number, width: number] {
  const nodes = Math.floor(size / tileWidth ** level);
  return [Math.floor(nodes / tileWidth), nodes % tileWidth];
}

const split = (hashes: Buffer): Buffer[] =>
  Array.from({ length: hashes.length / 32 }, (_, i) => hashes.subarray(i * 32, i * 32 + 32));

/** Reads a tile, a full one as it is stored, an unfinished one from what it is made of. */
export const readTile =
  (store: LedgerStore, log: number) =>
  async (level: number, index: number, width: number): Promise<Buffer> => {
    if (width === 0) return Buffer.alloc(0);
    const full = width === tileWidth ? await store.tile(log, level, index) : undefined;
    if (full) return full;
    const from = index * tileWidth;
    const hashes =
      level === 0
        ? Buffer.concat(leafHashes(await store.commitments(log, from, from + width)))
        : await store.tileRoots(log, level - 1, from, from + width);
    if (hashes.length !== width * 32)
      throw new RangeError(
        `tile ${level}/${index} of log ${log} has ${hashes.length / 32} of ${width} hashes`,
      );
    return hashes;
  };

/** Provers of logs, kept, since full tiles do not change. */
export function createProvers(store: LedgerStore): (log: number) => Prover {
  const provers = new Map<number, Prover>();
  return (log) => {
    const known = provers.get(log) ?? createProver(readTile(store, log));
    provers.set(log, known);
    return known;
  };
}
