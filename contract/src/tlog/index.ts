/**
 * The formats of the ledger that outsiders verify: RFC 6962 proofs, C2SP notes, checkpoints, tiles and proofs, and Vallum's leaf.
 * Runs in browsers and on Node alike, without a server and without the network. Parsers throw `TlogError`; verifications
 * give a value and never throw, whatever they are given. Verification is strict: what has two spellings is refused.
 * Not here: appending, signing keys and storage, which are the server's.
 */
export {
  type Checkpoint,
  formatCheckpoint,
  parseCheckpoint,
  verifyCheckpoint,
} from './checkpoint.ts';
export { commitEntry, commitField, leafOf } from './leaf.ts';
export {
  type ConsistencyClaim,
  emptyRoot,
  type InclusionPath,
  leafHash,
  nodeHash,
  rootFromInclusion,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
export {
  formatNote,
  type Note,
  type NoteSignature,
  type NoteSigner,
  parseNote,
  signNote,
  verifyNote,
} from './note.ts';
export { leafOfOpening, type Opened, verifyOpening } from './opening.ts';
export { formatProof, type Proof, type ProofClaim, parseProof, verifyProof } from './proof.ts';
export {
  decodeEntries,
  encodeEntries,
  formatTilePath,
  parseTilePath,
  type Tile,
  tileLevels,
  tileWidth,
  widthIn,
} from './tile.ts';
export { TlogError, type TlogErrorCode, type Verification } from './verification.ts';
export { formatVkey, keyId, parseVkey, type Vkey, vkeyOf } from './vkey.ts';
