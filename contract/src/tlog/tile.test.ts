import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntries, encodeEntries, formatTilePath, parseTilePath, tileLevels, widthIn } from './tile.ts';
import { TlogError } from './verification.ts';

const tile = fc.record({
  level: fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 })),
  index: fc.oneof(fc.nat({ max: 2000 }), fc.maxSafeNat()),
  width: fc.integer({ min: 1, max: 256 }),
});

describe('paths of tiles', () => {
  it.each([
    [{ level: 0, index: 0, width: 256 }, '0/000'],
    [{ level: 0, index: 999, width: 1 }, '0/999.p/1'],
    [{ level: 3, index: 1000, width: 256 }, '3/x001/000'],
    [{ level: 'entries' as const, index: 1_234_067, width: 255 }, 'entries/x001/x234/067.p/255'],
    [{ level: 63, index: Number.MAX_SAFE_INTEGER, width: 256 }, '63/x009/x007/x199/x254/x740/991'],
  ])('writes %j as %s', (tile, path) => {
    expect(formatTilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  it('reads back every tile that it writes', () => {
    fc.assert(
      fc.property(tile, (any) => {
        expect(parseTilePath(formatTilePath(any))).toEqual(any);
      }),
    );
  });

  it.each([
    '',
    '0',
    '0/',
    '0/00',
    '0/0000',
    '0/1000',
    '00/000',
    '64/000',
    '-1/000',
    '0/x000/001',
    '0/001/002',
    '0/x001',
    '0/000.p/0',
    '0/000.p/01',
    '0/000.p/256',
    '0/000.p/999',
    '0/000.p/',
    '0/000.p/1/',
    '/0/000',
    '0/000\n',
    '0/x999/x999/x999/x999/x999/999',
    'entries/../0/000',
    'checkpoint',
  ])('refuses %j, so that a tile has one address', (path) => {
    expect(() => parseTilePath(path)).toThrow(TlogError);
  });

  it.each([
    { level: 64, index: 0, width: 1 },
    { level: 0.5, index: 0, width: 1 },
    { level: 0, index: -1, width: 1 },
    { level: 0, index: 2 ** 53, width: 1 },
    { level: 0, index: 0, width: 0 },
    { level: 0, index: 0, width: 257 },
  ])('does not write %j', (wrong) => {
    expect(() => formatTilePath(wrong)).toThrow(TlogError);
  });
});

describe('tiles of a tree', () => {
  it('has those of the example in the specification', () => {
    expect(tileLevels(70_000)).toEqual([
      { full: 273, partial: 112 },
      { full: 1, partial: 17 },
      { full: 0, partial: 1 },
    ]);
    expect(tileLevels(256)).toEqual([
      { full: 1, partial: 0 },
      { full: 0, partial: 1 },
    ]);
    expect(tileLevels(0)).toEqual([]);
  });

  it('says the same tile by tile', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat({ max: 70_000 }), fc.maxSafeNat()), (size) => {
        for (const [level, { full, partial }] of tileLevels(size).entries()) {
          expect(widthIn(size, { level, index: full })).toBe(partial);
          expect(widthIn(size, { level, index: full + 1 })).toBe(0);
          if (full > 0) expect(widthIn(size, { level, index: full - 1 })).toBe(256);
        }
        expect(widthIn(size, { level: tileLevels(size).length, index: 0 })).toBe(0);
        expect(widthIn(size, { level: 'entries', index: 0 })).toBe(Math.min(256, size));
      }),
    );
  });
});

describe('entry bundles', () => {
  it('give back their entries', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 });
    fc.assert(
      fc.property(entries, (any) => {
        expect(decodeEntries(encodeEntries(any))).toEqual(any);
      }),
    );
    const longest = [new Uint8Array(65_535)];
    expect(decodeEntries(encodeEntries(longest))).toEqual(longest);
  });

  it('has the length of an entry before it, as a big-endian u16', () => {
    expect([...encodeEntries([Uint8Array.of(7, 8), new Uint8Array()])]).toEqual([0, 2, 7, 8, 0, 0]);
  });

  it('reads bundles that lie within a larger buffer', () => {
    const buffer = Uint8Array.of(9, 9, 0, 1, 5, 9);
    expect(decodeEntries(buffer.subarray(2, 5))).toEqual([Uint8Array.of(5)]);
  });

  it.each([
    ['nothing', []],
    ['half a length', [0]],
    ['a length without its entry', [0, 1]],
    ['an entry cut short', [0, 2, 1]],
    ['bytes behind the last entry', [0, 0, 0]],
    ['257 entries', Array(514).fill(0)],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeEntries(Uint8Array.from(bytes))).toThrow(TlogError);
  });

  it('does not write what it could not read', () => {
    expect(() => encodeEntries([])).toThrow(TlogError);
    expect(() => encodeEntries(Array(257).fill(new Uint8Array()))).toThrow(TlogError);
    expect(() => encodeEntries([new Uint8Array(65_536)])).toThrow(TlogError);
  });
});
