import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseVkey, verifyCheckpoint, verifyNote, verifyProof } from '../../contract/src/tlog/index.ts';
import { sealedLog } from '../../contract/src/tlog/testing/sealed-log.ts';
import { buildVerifier } from './go/build.ts';
import { runToEnd } from './programs.ts';

/* The formats held against the implementation that the go command trusts: what we write it accepts, what it writes we accept. */

const verifier = await buildVerifier();
const folder = mkdtempSync(path.join(tmpdir(), 'vallum-go-'));
afterAll(() => rmSync(folder, { recursive: true }));

const log = sealedLog({ origin: 'ledger.example/deployment/2026', size: 300 });
const leafAt = (index: number): Uint8Array => log.leaves[index] ?? new Uint8Array();

/** What Go says of a proof: its line of origin, size and index, or undefined. */
function verify(proof: string, leaf: Uint8Array, vkey = log.vkeyText): string | undefined {
  const files = { proof: path.join(folder, 'proof'), leaf: path.join(folder, 'leaf') };
  writeFileSync(files.proof, proof);
  writeFileSync(files.leaf, leaf);
  const { status, stdout } = spawnSync(verifier ?? '', ['proof', vkey, files.proof, files.leaf], {
    encoding: 'utf8',
  });
  expect([0, 1]).toContain(status);
  return status === 0 ? stdout.trim() : undefined;
}

describe.skipIf(!verifier)('golang.org/x/mod', () => {
  it('accepts our proofs, at every kind of place in the tree', () => {
    const places = [1, 2, 3, 4, 5, 7, 8, 255, 256, 257, 299, 300].flatMap((size) =>
      [...new Set([0, size >> 1, size - 1])].map((index) => ({ index, size })),
    );
    expect(places.length).toBeGreaterThan(30);
    for (const { index, size } of places)
      expect(verify(log.proof(index, size), leafAt(index))).toBe(`${log.vkey.name} ${size} ${index}`);
  });

  it('refuses them once changed, as we do', () => {
    const proof = log.proof(101);
    const [, , first = '', second = ''] = proof.split('\n');
    const another = sealedLog({ origin: log.vkey.name, size: 1, seed: 8 });
    const renamed = sealedLog({ origin: 'ledger.example/deployment/2027', size: 1 });
    const changed: readonly [why: string, proof: string, leaf: Uint8Array, vkey?: string][] = [
      ['another leaf', proof, leafAt(102)],
      ['a leaf with a bit flipped', proof, leafAt(101).map((byte, i) => (i === 32 ? byte ^ 1 : byte))],
      ['a leaf with a byte more', proof, Uint8Array.of(...leafAt(101), 0)],
      ['another index', proof.replace('index 101', 'index 100'), leafAt(101)],
      ['an index with a leading zero', proof.replace('index 101', 'index 0101'), leafAt(101)],
      ['an index beyond the tree', proof.replace('index 101', 'index 300'), leafAt(101)],
      ['a hash left out', proof.replace(`${first}\n`, ''), leafAt(101)],
      ['a hash twice', proof.replace(`${first}\n`, `${first}\n${first}\n`), leafAt(101)],
      ['two hashes swapped', proof.replace(`${first}\n${second}`, `${second}\n${first}`), leafAt(101)],
      ['another size', proof.replace('\n300\n', '\n299\n'), leafAt(101)],
      ['the checkpoint of another size', proof.replace(log.checkpoint(), log.checkpoint(299)), leafAt(101)],
      ['no signature', proof.slice(0, proof.lastIndexOf('—')), leafAt(101)],
      ['another log', proof.replace('/2026\n', '/2027\n'), leafAt(101)],
      ['another key of the same name', proof, leafAt(101), another.vkeyText],
      ['the same key with another name', proof, leafAt(101), renamed.vkeyText],
    ];
    expect(verify(proof, leafAt(101))).toBeDefined();
    for (const [why, proof, leaf, vkey] of changed) {
      const ours = verifyProof({ proof, leaf, vkey: vkey ? parseVkey(vkey) : log.vkey });
      expect({ why, go: verify(proof, leaf, vkey), ours: ours.ok }).toEqual({
        why,
        go: undefined,
        ours: false,
      });
    }
  });

  it.each([
    ['a checkpoint', `ledger.example/by-go\n0\n${'A'.repeat(43)}=\n`],
    ['any text', 'Grüße,\n\n\n日本 — 👍\n'],
  ])('signs %s that we verify', (_, text) => {
    const signed = runToEnd(verifier ?? '', ['sign', 'ledger.example/by-go'], folder, text);
    const [vkeyText = ''] = signed.split('\n', 1);
    const note = signed.slice(vkeyText.length + 1);
    const vkey = parseVkey(vkeyText);
    expect(verifyNote(note, [vkey])).toEqual({ ok: true, text, signers: [vkey] });
    expect(verifyCheckpoint(note, vkey).ok).toBe(text.includes('by-go'));
    expect(verifyNote(note.replace('\n', ' \n'), [vkey])).toMatchObject({
      ok: false,
      code: 'signature-wrong',
    });
  });
});
