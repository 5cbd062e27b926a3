import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProof, parseProof, verifyProof } from './proof.ts';
import { sealedLog } from './testing/sealed-log.ts';
import { TlogError } from './verification.ts';

const origin = 'ledger.example/deployment/2026';
const log = sealedLog({ origin, size: 70 });
const { vkey } = log;
const leafAt = (i: number): Uint8Array => log.leaves[i] ?? new Uint8Array();

describe('verifyProof', () => {
  it('proves every leaf at every size of the log, and no leaf by the proof of another', () => {
    for (const size of [1, 2, 3, 64, 70])
      for (let index = 0; index < size; index++) {
        const proof = log.proof(index, size);
        const proved = verifyProof({ proof, leaf: leafAt(index), vkey });
        expect(proved).toMatchObject({ ok: true, index, checkpoint: { origin, size } });
        const other = verifyProof({ proof, leaf: leafAt((index + 1) % 70), vkey });
        expect(other).toMatchObject({ ok: false, code: 'not-included' });
      }
  });

  it('needs the key of this log: neither the same key under another name nor another key under the same', () => {
    const leaf = leafAt(3);
    const proof = log.proof(3);
    const renamed = sealedLog({ origin: 'ledger.example/deployment/2027', size: 1 }).vkey;
    const replaced = sealedLog({ origin, size: 1, seed: 8 }).vkey;
    for (const wrong of [renamed, replaced])
      expect(verifyProof({ proof, leaf, vkey: wrong })).toMatchObject({ ok: false, code: 'not-signed' });
  });

  it('does not take extra data for signed, and reads past it', () => {
    const parsed = parseProof(log.proof(3));
    const proof = formatProof({ ...parsed, extra: Uint8Array.of(1, 2, 3) });
    expect(proof).toContain('\nextra AQID\nindex 3\n');
    expect(parseProof(proof)).toEqual({ ...parsed, extra: Uint8Array.of(1, 2, 3) });
    expect(verifyProof({ proof, leaf: leafAt(3), vkey })).toMatchObject({ ok: true, index: 3 });
  });

  it('never throws, whatever it reads', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (noise) => {
        const proof = `c2sp.org/tlog-proof@v1\nindex 3\n${noise}\n\n${log.checkpoint()}`;
        for (const any of [noise, proof])
          expect(verifyProof({ proof: any, leaf: leafAt(3), vkey }).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('parseProof', () => {
  const proof = log.proof(3);
  it.each([
    ['nothing', ''],
    ['another version', proof.replace('@v1', '@v2')],
    ['no index', proof.replace('index 3\n', '')],
    ['an index with a leading zero', proof.replace('index 3', 'index 03')],
    ['a negative index', proof.replace('index 3', 'index -3')],
    ['an index that a number cannot hold', proof.replace('index 3', 'index 9007199254740993')],
    ['something behind the index', proof.replace('index 3', 'index 3 4')],
    ['extra data behind the index', proof.replace('index 3', 'index 3\nextra AQID')],
    ['extra data that is not base64', proof.replace('index', 'extra ?\nindex')],
    ['a hash of 31 bytes', proof.replace(/\n[^\n]{44}\n/, `\n${btoa('x'.repeat(31))}\n`)],
    ['64 hashes', proof.replace('index 3\n', `index 3\n${`${btoa('x'.repeat(32))}\n`.repeat(64)}`)],
    ['line ends of Windows', proof.replaceAll('\n', '\r\n')],
    ['more than it may hold', `${proof}${'x'.repeat(2_000_000)}`],
  ])('refuses %s', (_, wrong) => {
    expect(() => parseProof(wrong)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});

describe('formatProof', () => {
  it('does not write what it could not read', () => {
    const parsed = parseProof(log.proof(3));
    expect(formatProof(parsed)).toBe(log.proof(3));
    expect(() => formatProof({ ...parsed, index: -1 })).toThrow(TlogError);
    expect(() => formatProof({ ...parsed, hashes: [new Uint8Array(31)] })).toThrow(TlogError);
  });
});
