import {
  decodeEntries,
  formatTilePath,
  leafHash,
  nodeHash,
  parseVkey,
  tileWidth,
  verifyCheckpoint,
  widthIn,
} from '@vallum/contract/tlog';

/** Gives the bytes of a path below the log's prefix: `checkpoint`, `tile/entries/000.p/12`. */
export type ReadLog = (path: string) => Promise<Buffer>;

/** Somebody who follows a log from outside, and forgets nothing that it was ever shown. */
export interface LogAuditor {
  /** Takes a checkpoint that the log has shown somewhere. @throws Error when the log's key has not signed it */
  note(checkpoint: string): void;
  /**
   * Reads the log up to its newest checkpoint, leaf by leaf, and recomputes the root of every size: each checkpoint ever noted must have that root.
   * What was read once is not read again, so a log that changed what it had shown leads to another root.
   * @throws Error that names the size at which the log contradicts itself
   */
  follow(read: ReadLog): Promise<number>;
  /** The leaf's bytes. */
  leaf(index: number): Uint8Array | undefined;
  size(): number;
}

interface Subtree {
  readonly hash: Uint8Array;
  readonly height: number;
}

export function createLogAuditor(vkeyText: string): LogAuditor {
  const vkey = parseVkey(vkeyText);
  const leaves: Uint8Array[] = [];
  /** By size; that of no leaves is not kept. */
  const roots: string[] = [''];
  /** Whole subtrees of what was read, largest first. */
  let frontier: Subtree[] = [];
  let noted: { readonly size: number; readonly root: string }[] = [];

  function note(text: string): number {
    const verified = verifyCheckpoint(text, vkey);
    if (!verified.ok)
      throw new Error(`the log shows a checkpoint that is none: ${verified.message}\n${text}`);
    const { size, root } = verified.checkpoint;
    noted.push({ size, root: Buffer.from(root).toString('hex') });
    return size;
  }

  function add(leaf: Uint8Array): void {
    let last: Subtree = { hash: leafHash(leaf), height: 0 };
    const above = [...frontier];
    for (let left = above.at(-1); left?.height === last.height; left = above.at(-1)) {
      above.pop();
      last = { hash: nodeHash(left.hash, last.hash), height: last.height + 1 };
    }
    frontier = [...above, last];
    leaves.push(leaf);
    const [first, ...rest] = frontier.map(({ hash }) => hash).reverse();
    const root = rest.reduce((right, left) => nodeHash(left, right), first ?? new Uint8Array());
    roots.push(Buffer.from(root).toString('hex'));
  }

  async function readUpTo(size: number, read: ReadLog): Promise<void> {
    while (leaves.length < size) {
      const index = Math.floor(leaves.length / tileWidth);
      const width = widthIn(size, { level: 'entries', index });
      const bundle = decodeEntries(await read(`tile/${formatTilePath({ level: 'entries', index, width })}`));
      if (bundle.length !== width)
        throw new Error(`bundle ${index} has ${bundle.length} entries, not ${width}`);
      for (const leaf of bundle.slice(leaves.length - index * tileWidth)) add(leaf);
    }
  }

  return {
    note: (text) => void note(text),
    async follow(read) {
      const size = note((await read('checkpoint')).toString());
      const furthest = Math.max(...noted.map((each) => each.size));
      if (furthest > size) throw new Error(`the log had ${furthest} entries, and now it has ${size}`);
      await readUpTo(size, read);
      for (const each of noted)
        if (roots[each.size] !== each.root)
          throw new Error(
            `the log forked: its checkpoint of size ${each.size} has a root that its entries do not lead to`,
          );
      noted = [];
      return size;
    },
    leaf: (index) => leaves[index],
    size: () => leaves.length,
  };
}
