import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyCheckpoint } from './checkpoint.ts';
import { verifyNote } from './note.ts';
import { verifyOpening } from './opening.ts';
import { verifyProof } from './proof.ts';
import { sealedLog } from './testing/sealed-log.ts';

/*
 * A thousand random changes of each kind of thing that is verified, the same ones at each run. Not one may be accepted.
 */
const changes = 1000;
const seed = 20261122;

const log = sealedLog({ origin: 'ledger.example/deployment/2026', size: 70 });
const { vkey } = log;
const index = 37;
const proof = log.proof(index);
const leaf = log.leaves[index] ?? new Uint8Array();
const checkpoint = log.checkpoint();

/** One change of a text: a character changed, put in, taken out; a line taken out, doubled, moved; the end cut off. */
const changedText = (text: string): fc.Arbitrary<string> => {
  const lines = text.split('\n');
  const spot = fc.nat({ max: text.length - 1 });
  const line = fc.nat({ max: lines.length - 1 });
  const character = fc.oneof(
    fc.constantFrom(...'\n =+/A0—\t\r\u00a0\u200b'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.nat({ max: text.length - 1 }).map((i) => text[i] ?? ''),
  );
  return fc
    .oneof(
      fc.tuple(spot, character).map(([i, c]) => text.slice(0, i) + c + text.slice(i + 1)),
      fc.tuple(spot, fc.nat({ max: 6 })).map(([i, bit]) => {
        const flipped = String.fromCharCode(text.charCodeAt(i) ^ (1 << bit));
        return text.slice(0, i) + flipped + text.slice(i + 1);
      }),
      fc.tuple(spot, character).map(([i, c]) => text.slice(0, i) + c + text.slice(i)),
      spot.map((i) => text.slice(0, i) + text.slice(i + 1)),
      spot.map((i) => text.slice(0, i)),
      line.map((i) => lines.toSpliced(i, 1).join('\n')),
      line.map((i) => lines.toSpliced(i, 0, lines[i] ?? '').join('\n')),
      fc.tuple(line, line).map(([i, j]) => {
        const [moved = ''] = lines.slice(i, i + 1);
        return lines.toSpliced(i, 1).toSpliced(j, 0, moved).join('\n');
      }),
    )
    .filter((changed) => changed !== text);
};

/** One change of some bytes: a bit, a byte put in or taken out, the end cut off. */
const changedBytes = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> => {
  const spot = fc.nat({ max: bytes.length - 1 });
  const byte = fc.nat({ max: 255 });
  return fc.oneof(
    fc.tuple(spot, fc.nat({ max: 7 })).map(([i, bit]) => bytes.map((b, j) => (i === j ? b ^ (1 << bit) : b))),
    fc.tuple(spot, byte).map(([i, b]) => Uint8Array.of(...bytes.subarray(0, i), b, ...bytes.subarray(i))),
    spot.map((i) => Uint8Array.of(...bytes.subarray(0, i), ...bytes.subarray(i + 1))),
    spot.map((i) => bytes.subarray(0, i)),
  );
};

/** How many of the changes were tried, and which were accepted. */
function tryAll<T>(
  changed: fc.Arbitrary<T>,
  accepts: (value: T) => boolean,
): { tried: number; accepted: T[] } {
  const values = fc.sample(changed, { numRuns: changes, seed });
  return { tried: values.length, accepted: values.filter(accepts) };
}

describe('a thousand changes', () => {
  const none = { tried: changes, accepted: [] };

  it('of a proof: none is accepted', () => {
    const accepts = (proof: string): boolean => verifyProof({ proof, leaf, vkey }).ok;
    expect(accepts(proof)).toBe(true);
    expect(tryAll(changedText(proof), accepts)).toEqual(none);
  });

  it('of a leaf: none is accepted, neither by its proof nor by its opening', () => {
    const accepts = (leaf: Uint8Array): boolean =>
      verifyProof({ proof, leaf, vkey }).ok || verifyOpening(log.openings[index], leaf).ok;
    expect(accepts(leaf)).toBe(true);
    expect(tryAll(changedBytes(leaf), accepts)).toEqual(none);
  });

  it('of a checkpoint: none is accepted', () => {
    const accepts = (note: string): boolean => verifyCheckpoint(note, vkey).ok;
    expect(accepts(checkpoint)).toBe(true);
    expect(tryAll(changedText(checkpoint), accepts)).toEqual(none);
  });

  it('of a note: none is accepted', () => {
    const accepts = (note: string): boolean => verifyNote(note, [vkey]).ok;
    expect(accepts(checkpoint)).toBe(true);
    expect(tryAll(changedText(checkpoint), accepts)).toEqual(none);
  });

  it('of an opening: none shows anything but what was sealed', () => {
    const text = JSON.stringify(log.openings[index]);
    const sealed = verifyOpening(JSON.parse(text), leaf);
    expect(sealed.ok).toBe(true);
    const accepts = (changed: string): boolean => {
      const opened = verifyOpening(json(changed), leaf);
      return opened.ok && JSON.stringify(opened) !== JSON.stringify(sealed);
    };
    expect(tryAll(changedText(text), accepts)).toEqual(none);
  });
});

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
