import { malformed } from './verification.ts';

/*
 * Tiles of a log (C2SP tlog-tiles): 256 consecutive hashes of one height of the tree, or the entries below 256 leaf hashes. A tile at
 * the right edge may be narrower, until it is full.
 */

export const tileWidth = 256;
const highestLevel = 63;
const longestEntry = 0xffff;

export interface Tile {
  /** Hashes of level L are roots over 256^L leaves; `entries` are the leaves themselves. */
  readonly level: number | 'entries';
  /** The tile's place in its level, from 0. */
  readonly index: number;
  /** 1 to 256; 256 is a full tile. */
  readonly width: number;
}

/**
 * `<L>/<N>[.p/<W>]`, where N is cut into three digits a folder: tile 1234067 is `x001/x234/067`.
 * @throws TlogError `malformed` for a tile that no log has.
 */
export function formatTilePath({ level, index, width }: Tile): string {
  const levelKnown = level === 'entries' || (Number.isInteger(level) && level >= 0 && level <= highestLevel);
  const widthKnown = Number.isInteger(width) && width >= 1 && width <= tileWidth;
  if (!levelKnown || !widthKnown || !Number.isSafeInteger(index) || index < 0)
    throw malformed(`no log has a tile of level ${level}, index ${index} and width ${width}`);
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.../g) ?? [];
  const folders = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group));
  return `${level}/${folders.join('/')}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** @throws TlogError `malformed` unless the path is exactly what `formatTilePath` writes for the tile. */
export function parseTilePath(path: string): Tile {
  const [, level = '', groups = '', width] =
    /^(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path) ?? [];
  if (level === '') throw malformed('a tile is at <level>/<index>[.p/<width>]');
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: Number(groups.replace(/[x/]/g, '')),
    width: width === undefined ? tileWidth : Number(width),
  };
  if (formatTilePath(tile) !== path)
    throw malformed('the path of a tile has no needless zeros, and .p/<width> only below 256');
  return tile;
}

/** How wide a tile is in a tree of this size: 256 when full, 0 when it does not exist. */
export function widthIn(size: number, { level, index }: Pick<Tile, 'level' | 'index'>): number {
  const hashes = Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level));
  return Math.min(tileWidth, Math.max(0, hashes - index * tileWidth));
}

/** The tiles of hashes in a tree of this size, by level: how many are full, and how wide the one after them is (0: there is none). */
export function tileLevels(size: number): { readonly full: number; readonly partial: number }[] {
  const levels = [];
  for (let hashes = size; hashes > 0; hashes = Math.floor(hashes / tileWidth))
    levels.push({ full: Math.floor(hashes / tileWidth), partial: hashes % tileWidth });
  return levels;
}

/**
 * An entry bundle: each entry behind its length as a big-endian u16.
 * @throws TlogError `malformed` for more than 256 entries, none, or one of more than 65,535 bytes.
 */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0 || entries.length > tileWidth)
    throw malformed(`a bundle holds 1 to ${tileWidth} entries, not ${entries.length}`);
  const bundle = new Uint8Array(entries.reduce((bytes, entry) => bytes + 2 + entry.length, 0));
  const view = new DataView(bundle.buffer);
  let at = 0;
  for (const entry of entries) {
    if (entry.length > longestEntry)
      throw malformed(`an entry has at most ${longestEntry} bytes, not ${entry.length}`);
    view.setUint16(at, entry.length);
    bundle.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bundle;
}

/** @throws TlogError `malformed` when the bytes are no bundle of 1 to 256 entries. */
export function decodeEntries(bundle: Uint8Array): Uint8Array[] {
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length; ) {
    const start = at + 2;
    const end = start <= bundle.length ? start + view.getUint16(at) : Number.POSITIVE_INFINITY;
    if (end > bundle.length) throw malformed(`entry ${entries.length} of the bundle is cut short`);
    entries.push(bundle.subarray(start, end));
    at = end;
  }
  if (entries.length === 0 || entries.length > tileWidth)
    throw malformed(`a bundle holds 1 to ${tileWidth} entries, not ${entries.length}`);
  return entries;
}
