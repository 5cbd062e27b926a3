import {
  type Checkpoint,
  decodeEntries,
  emptyRoot,
  formatTilePath,
  leafHash,
  nodeHash,
  parseVkey,
  type Tile,
  tileLevels,
  verifyCheckpoint,
} from '@vallum/contract/tlog';
import { ask } from './ask.ts';
import type { Vallum } from './vallum.ts';

/** A monitor of a log (C2SP tlog-tiles): it has the log's key and what anybody may download, and believes nothing else. */
export function tileClient(server: Pick<Vallum, 'url'>, key: string, prefix = '/ledger') {
  const vkey = parseVkey(key);

  async function download(path: string): Promise<Buffer> {
    const { status, bytes, text } = await ask(server, `${prefix}/${path}`);
    if (status !== 200) throw new Error(`${prefix}/${path} answered ${status}: ${text}`);
    return bytes;
  }

  /** The newest state that the log has signed. @throws Error when its signature is not the key's */
  async function checkpoint(): Promise<Checkpoint> {
    const verified = verifyCheckpoint((await download('checkpoint')).toString(), vkey);
    if (!verified.ok) throw new Error(verified.message);
    return verified.checkpoint;
  }

  const tile = (wanted: Tile): Promise<Buffer> => download(`tile/${formatTilePath(wanted)}`);

  /** Everything of a level in a tree of this size. */
  async function level(of: Tile['level'], size: number): Promise<Buffer[]> {
    const { full = 0, partial = 0 } = tileLevels(size)[of === 'entries' ? 0 : of] ?? {};
    const tiles: Promise<Buffer>[] = [];
    for (let index = 0; index < full; index += 1) tiles.push(tile({ level: of, index, width: 256 }));
    if (partial > 0) tiles.push(tile({ level: of, index: full, width: partial }));
    return Promise.all(tiles);
  }

  return {
    checkpoint,
    tile,
    /** The leaves of a tree of this size, out of its bundles. */
    leaves: async (size: number): Promise<Uint8Array[]> =>
      (await level('entries', size)).flatMap(decodeEntries),
    /** The hashes of a level in a tree of this size, out of its tiles. */
    hashes: async (of: number, size: number): Promise<Buffer[]> =>
      (await level(of, size)).flatMap((bytes) =>
        Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32)),
      ),
  };
}

/** The root over these hashes, straight from its definition (RFC 6962, section 2.1). */
export function rootOver(hashes: readonly Uint8Array[]): Uint8Array {
  const [first, ...more] = hashes;
  if (!first) return emptyRoot;
  if (more.length === 0) return first;
  const left = leftOf(hashes.length);
  return nodeHash(rootOver(hashes.slice(0, left)), rootOver(hashes.slice(left)));
}

export const rootOfLeaves = (leaves: readonly Uint8Array[]): Uint8Array => rootOver(leaves.map(leafHash));

/** The proof that the first `from` of these hashes are the older tree, from its definition (RFC 6962, section 2.1.2). */
export function consistencyOver(hashes: readonly Uint8Array[], from: number, isWhole = true): Uint8Array[] {
  if (from === hashes.length) return isWhole ? [] : [rootOver(hashes)];
  const left = leftOf(hashes.length);
  return from <= left
    ? [...consistencyOver(hashes.slice(0, left), from, isWhole), rootOver(hashes.slice(left))]
    : [...consistencyOver(hashes.slice(left), from - left, false), rootOver(hashes.slice(0, left))];
}

/** The largest power of two below a size. */
function leftOf(size: number): number {
  let left = 1;
  while (left * 2 < size) left *= 2;
  return left;
}
