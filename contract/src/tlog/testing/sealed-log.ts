import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { canonical, type Json } from '../../canonical.ts';
import type { LedgerEntry } from '../../ledger-entry.ts';
import type { Opening } from '../../opening.ts';
import { formatCheckpoint } from '../checkpoint.ts';
import { commitEntry, commitField, leafOf } from '../leaf.ts';
import { type NoteSigner, signNote } from '../note.ts';
import { formatProof } from '../proof.ts';
import { formatVkey, type Vkey, vkeyOf } from '../vkey.ts';
import { type ReferenceTree, referenceTree } from './reference-tree.ts';

/** A log with known keys, made as the server makes one: openings, leaves, proofs and signed checkpoints of any size up to its own. */
export interface SealedLog {
  readonly vkey: Vkey;
  readonly vkeyText: string;
  readonly openings: readonly Opening[];
  readonly leaves: readonly Uint8Array[];
  readonly tree: ReferenceTree;
  checkpoint(size?: number): string;
  proof(index: number, size?: number): string;
}

/** A key from a seed, so that fixtures stay the same. */
export function testSigner(name: string, seed: number): { signer: NoteSigner; vkey: Vkey } {
  const key = ed25519Key(Buffer.alloc(32, seed));
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const vkey = vkeyOf(name, Uint8Array.from(publicKey));
  return { vkey, signer: { name, keyId: vkey.keyId, sign: (message) => sign(null, message, key) } };
}

/** RFC 8410: the seed behind the fixed head of a PKCS#8 key. */
const ed25519Key = (seed: Buffer): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');
const saltAt = (label: string, i: number): Uint8Array =>
  Uint8Array.from(createHash('sha256').update(`${label} ${i}`).digest().subarray(0, 16));

function openingAt(i: number): Opening {
  const number = String(i).padStart(12, '0');
  const name = 'user_email';
  const field = { value: `person-${i}@example.org`, salt: base64(saltAt('field', i)) };
  const entry: LedgerEntry = {
    action: 'model:invoke',
    at: '2026-11-22T10:00:00.000Z',
    committed: { [name]: base64(commitField(saltAt('field', i), bytes(field.value))) },
    decision: i % 2 === 0 ? 'allow' : 'block',
    id: `req_01890a5d-ac96-774b-bcce-${number}`,
    kind: i % 2 === 0 ? 'intent' : 'refusal',
    phase: 0,
    principal: { id: 'key_01890a5d-ac96-774b-bcce-b302099a8057', type: 'service' },
    reasons: i % 2 === 0 ? [] : [{ by: 'guard.injection', code: 'injection-found' }],
    resource: 'model/rehearsal',
    tenant: 'tnt_01890a5d-ac96-774b-bcce-b302099a8057',
    v: 1,
  };
  return { entry, salt: base64(saltAt('entry', i)), fields: { [name]: field } };
}

export function sealedLog({
  origin,
  size,
  seed = 7,
}: {
  origin: string;
  size: number;
  seed?: number;
}): SealedLog {
  const { signer, vkey } = testSigner(origin, seed);
  const openings = Array.from({ length: size }, (_, i) => openingAt(i));
  const leaves = openings.map(({ entry }, i) =>
    leafOf(commitEntry(saltAt('entry', i), bytes(canonical(entry as unknown as Json)))),
  );
  const tree = referenceTree(leaves);
  const checkpoint = (at = size): string =>
    signNote(formatCheckpoint({ origin, size: at, root: tree.root(at), extensions: [] }), signer);
  return {
    vkey,
    vkeyText: formatVkey(vkey),
    openings,
    leaves,
    tree,
    checkpoint,
    proof: (index, at = size) =>
      formatProof({ index, hashes: tree.inclusion(index, at), checkpoint: checkpoint(at) }),
  };
}
