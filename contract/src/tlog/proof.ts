import { decodeBase64, decodeDecimal, encodeBase64, equalBytes } from './bytes.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { hashBytes, leafHash, rootFromInclusion } from './merkle.ts';
import { malformed, TlogError, type Verification, verification } from './verification.ts';
import type { Vkey } from './vkey.ts';

/** A proof that needs no server (C2SP tlog-proof): a leaf's path up the tree, and the signed checkpoint with the root. */
export interface Proof {
  /** Data of the application that nothing signs. Vallum writes none. */
  readonly extra?: Uint8Array;
  /** The leaf's place in the log, from 0. */
  readonly index: number;
  /** From the leaf's sibling up to the root's child. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note, as the log served it. */
  readonly checkpoint: string;
}

const header = 'c2sp.org/tlog-proof@v1';
/** In UTF-16 code units: a note of full length, and as much before it. */
const longestProof = 2_000_000;
/** The height of a tree of 2^63 leaves, which is more than a size can say here. */
const mostHashes = 63;

/** @throws TlogError `malformed` for what no proof holds. */
export function formatProof({ extra, index, hashes, checkpoint }: Proof): string {
  const lines = [header];
  if (extra) lines.push(`extra ${encodeBase64(extra)}`);
  const text = [...lines, `index ${index}`, ...hashes.map(encodeBase64), '', checkpoint].join('\n');
  parseProof(text);
  return text;
}

/** @throws TlogError `malformed` for anything but a proof. Its checkpoint is not looked at: `verifyProof` does. */
export function parseProof(text: string): Proof {
  if (text.length > longestProof) throw malformed(`a proof has at most ${longestProof} characters`);
  const end = text.indexOf('\n\n');
  if (end < 0) throw malformed('a proof is its own lines, an empty line, and a checkpoint');
  const [first, ...lines] = text.slice(0, end).split('\n');
  if (first !== header) throw malformed(`the first line of a proof is ${header}`);
  const extra = lines[0]?.startsWith('extra ')
    ? decodeBase64(lines.shift()?.slice('extra '.length) ?? '')
    : null;
  if (extra === undefined) throw malformed('the extra line of a proof is extra, a space, and base64');
  const [prefix, decimal = '', ...more] = lines.shift()?.split(' ') ?? [];
  const index = decodeDecimal(decimal);
  if (prefix !== 'index' || index === undefined || more.length > 0)
    throw malformed('the index line of a proof is index, a space, and a number without leading zeros');
  if (lines.length > mostHashes) throw malformed(`a proof has at most ${mostHashes} hashes`);
  return { ...(extra && { extra }), index, hashes: lines.map(parseHash), checkpoint: text.slice(end + 2) };
}

function parseHash(line: string, i: number): Uint8Array {
  const hash = decodeBase64(line);
  if (hash?.length !== hashBytes) throw malformed(`hash ${i + 1} of the proof is not 32 bytes in base64`);
  return hash;
}

export interface ProofClaim {
  /** The text of a `.tlog-proof`. */
  readonly proof: string;
  /** The leaf's bytes, as in an entry bundle. */
  readonly leaf: Uint8Array;
  /** The log's key. Its name is the origin that the checkpoint must have. */
  readonly vkey: Vkey;
}

/** Whether the log that holds this key has committed to the leaf. Needs nothing but what it is given. */
export function verifyProof({
  proof,
  leaf,
  vkey,
}: ProofClaim): Verification<{ readonly checkpoint: Checkpoint; readonly index: number }> {
  return verification(() => {
    const { index, hashes, checkpoint: note } = parseProof(proof);
    const checkpoint = openCheckpoint(note, vkey);
    const { size, root } = checkpoint;
    if (!equalBytes(rootFromInclusion({ index, size, leafHash: leafHash(leaf), proof: hashes }), root))
      throw new TlogError(
        'not-included',
        `the leaf at index ${index} of ${checkpoint.origin} is another one: the leaf or the proof was changed`,
      );
    return { checkpoint, index };
  });
}
