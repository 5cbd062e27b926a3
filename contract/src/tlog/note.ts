import { decodeBase64, encodeBase64, utf8 } from './bytes.ts';
import { verifyEd25519 } from './ed25519.ts';
import { malformed, TlogError, type Verification, verification } from './verification.ts';
import { isKeyName, type Vkey } from './vkey.ts';

/*
 * Signed notes (C2SP signed-note): a text, an empty line, and signature lines. The text means nothing until `verifyNote` says who signed it.
 */

export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  readonly signature: Uint8Array;
}

export interface Note {
  /** Ends with a newline; that newline is signed, the empty line after it is not. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** In UTF-16 code units: room for the sixteen signatures of 5 kB that every verifier must accept, and some. */
const longestNote = 1_000_000;
const mostSignatures = 64;
const keyIdBytes = 4;

/** @throws TlogError `malformed` for anything but a note: no line is skipped. */
export function parseNote(note: string): Note {
  if (note.length > longestNote) throw malformed(`a note has at most ${longestNote} characters`);
  requireText(note);
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n'))
    throw malformed('a note is a text, an empty line, and signature lines, each ended by a newline');
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > mostSignatures) throw malformed(`a note has at most ${mostSignatures} signatures`);
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [dash, name, base64, ...more] = line.split(' ');
  if (dash !== '—' || name === undefined || base64 === undefined || more.length > 0 || !isKeyName(name))
    throw malformed('a signature line is an em dash, the name of a key, and base64, with a space between');
  const bytes = decodeBase64(base64);
  if (!bytes || bytes.length <= keyIdBytes)
    throw malformed('a signature is the base64 of 4 bytes of key id and the signature');
  return {
    name,
    keyId: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0),
    signature: bytes.subarray(keyIdBytes),
  };
}

/** @throws TlogError `malformed` for a text or a name that a note cannot have. */
export function formatNote({ text, signatures }: Note): string {
  requireText(text);
  if (!text.endsWith('\n')) throw malformed('the text of a note ends with a newline');
  if (signatures.length === 0) throw malformed('a note has at least one signature');
  const lines = signatures.map(({ name, keyId, signature }) => {
    if (!isKeyName(name))
      throw malformed('the name of a key is empty, or has white space or a plus sign in it');
    const bytes = new Uint8Array(keyIdBytes + signature.length);
    new DataView(bytes.buffer).setUint32(0, keyId);
    bytes.set(signature, keyIdBytes);
    return `— ${name} ${encodeBase64(bytes)}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/** Text in Unicode whose only control characters below U+0020 are newlines. */
function requireText(text: string): void {
  if (!text.isWellFormed()) throw malformed('a note is UTF-8, and this text has half a character in it');
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a)
      throw malformed(`a note has no control characters, and character ${i} is one`);
  }
}

export interface NoteSigner {
  readonly name: string;
  readonly keyId: number;
  /** An Ed25519 signature (RFC 8032) of the message: 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/**
 * The text with one signature.
 * @throws TlogError `malformed` for a text that no note can have, before it is signed.
 */
export function signNote(text: string, { name, keyId, sign }: NoteSigner): string {
  requireText(text);
  return formatNote({ text, signatures: [{ name, keyId, signature: sign(utf8(text)) }] });
}

/**
 * The text of a note, if at least one of the keys signed it. Signatures by other keys are ignored; every one by a key that was given
 * must be right, and a key signs once: counted twice, it could stand for two.
 */
export function verifyNote(
  note: string,
  keys: readonly Vkey[],
): Verification<{ readonly text: string; readonly signers: readonly Vkey[] }> {
  return verification(() => {
    const { text, signatures } = parseNote(note);
    const signers = keys.filter((key) => signedBy(key, utf8(text), signatures));
    if (signers.length === 0) throw notSigned(keys, signatures);
    return { text, signers };
  });
}

function signedBy(key: Vkey, message: Uint8Array, signatures: readonly NoteSignature[]): boolean {
  const own = signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
  const [first, second] = own;
  if (!first) return false;
  if (second) throw malformed(`the note has two signatures by ${key.name}`);
  if (!verifyEd25519(first.signature, message, key.publicKey))
    throw new TlogError(
      'signature-wrong',
      `the signature by ${key.name} does not fit the text: one of them was changed`,
    );
  return true;
}

function notSigned(keys: readonly Vkey[], signatures: readonly NoteSignature[]): TlogError {
  const names = (list: readonly { name: string }[]) => [...new Set(list.map(({ name }) => name))].join(', ');
  const same = keys.some(({ name }) => signatures.some((signature) => signature.name === name));
  const hint = same ? ', with another key of the same name' : '';
  return new TlogError(
    'not-signed',
    `signed by ${names(signatures)}${hint}, not by the key of ${names(keys)}`,
  );
}
