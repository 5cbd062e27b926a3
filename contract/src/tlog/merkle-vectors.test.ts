import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { verifyConsistency, verifyInclusion } from './merkle.ts';
import { sharedData } from './testing/shared-data.ts';

/** The vectors of transparency-dev/merkle: proofs and what became of them under every change its authors thought of. */
const testdata = sharedData('ledger/merkle/testdata');

const hash = z.base64().transform((text) => Uint8Array.from(Buffer.from(text, 'base64')));
const proof = z
  .array(hash)
  .nullish()
  .transform((hashes) => hashes ?? []);
const inclusion = z.object({
  leafIdx: z.number(),
  treeSize: z.number(),
  root: hash.nullish().transform((root) => root ?? new Uint8Array()),
  leafHash: hash.nullish().transform((leaf) => leaf ?? new Uint8Array()),
  proof,
  wantErr: z.boolean(),
});
const consistency = z.object({
  size1: z.number(),
  size2: z.number(),
  root1: hash,
  root2: hash,
  proof,
  wantErr: z.boolean(),
});

const read = (kind: string): { name: string; json: unknown }[] =>
  globSync(`${kind}/**/*.json`, { cwd: testdata }).map((name) => ({
    name,
    json: JSON.parse(readFileSync(path.join(testdata ?? '', name), 'utf8')),
  }));

describe.skipIf(!testdata)('the vectors of transparency-dev/merkle', () => {
  it('agrees with all 98 on inclusion', () => {
    const vectors = read('inclusion');
    expect(vectors).toHaveLength(98);
    for (const { name, json } of vectors) {
      const { leafIdx, treeSize, root, leafHash, proof, wantErr } = inclusion.parse(json);
      const { ok } = verifyInclusion({ index: leafIdx, size: treeSize, leafHash, proof, root });
      expect({ name, ok }).toEqual({ name, ok: !wantErr });
    }
  });

  it('agrees with all 98 on consistency', () => {
    const vectors = read('consistency');
    expect(vectors).toHaveLength(98);
    for (const { name, json } of vectors) {
      const { size1, size2, root1, root2, proof, wantErr } = consistency.parse(json);
      const { ok } = verifyConsistency({ from: size1, to: size2, fromRoot: root1, toRoot: root2, proof });
      expect({ name, ok }).toEqual({ name, ok: !wantErr });
    }
  });
});
