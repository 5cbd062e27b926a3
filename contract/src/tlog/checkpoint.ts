import { decodeBase64, decodeDecimal, encodeBase64 } from './bytes.ts';
import { hashBytes } from './merkle.ts';
import { verifyNote } from './note.ts';
import { malformed, TlogError, type Verification, verification } from './verification.ts';
import type { Vkey } from './vkey.ts';

/** A log's state (C2SP tlog-checkpoint): the text of the note that the log signs. */
export interface Checkpoint {
  /** Names the log. */
  readonly origin: string;
  /** Leaves in the tree. */
  readonly size: number;
  /** The tree's root, 32 bytes. */
  readonly root: Uint8Array;
  /** Further lines, signed too. Vallum writes none. */
  readonly extensions: readonly string[];
}

/** @throws TlogError `malformed` for a state that cannot be written. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  const text = [origin, String(size), encodeBase64(root), ...extensions, ''].join('\n');
  const { extensions: read } = parseCheckpoint(text);
  if (read.length !== extensions.length) throw malformed('a line of a checkpoint has a newline in it');
  return text;
}

/** @throws TlogError `malformed` when the text of the note is no checkpoint. */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith('\n')) throw malformed('a checkpoint ends with a newline');
  const [origin, decimal, base64, ...extensions] = text.slice(0, -1).split('\n');
  if (!origin) throw malformed('the first line of a checkpoint is the origin of the log');
  const size = decodeDecimal(decimal ?? '');
  if (size === undefined)
    throw malformed(
      'the second line of a checkpoint is the size of the tree, below 2^53 and without leading zeros',
    );
  const root = decodeBase64(base64 ?? '');
  if (root?.length !== hashBytes)
    throw malformed('the third line of a checkpoint is the root, 32 bytes in base64');
  if (extensions.includes('')) throw malformed('a checkpoint has no empty lines');
  return { origin, size, root, extensions };
}

/** The checkpoint in a note that this key signed. A log signs under its origin: a key with another name is refused. */
export function verifyCheckpoint(note: string, key: Vkey): Verification<{ readonly checkpoint: Checkpoint }> {
  return verification(() => ({ checkpoint: openCheckpoint(note, key) }));
}

/** @throws TlogError for everything that `verifyCheckpoint` gives as a value. */
export function openCheckpoint(note: string, key: Vkey): Checkpoint {
  const verified = verifyNote(note, [key]);
  if (!verified.ok) throw new TlogError(verified.code, verified.message);
  const checkpoint = parseCheckpoint(verified.text);
  if (checkpoint.origin !== key.name)
    throw new TlogError(
      'origin-differs',
      `the checkpoint is of ${checkpoint.origin}, the key of ${key.name}`,
    );
  return checkpoint;
}
