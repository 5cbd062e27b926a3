import { sha256 } from '@noble/hashes/sha2.js';
import { malformed } from './verification.ts';

/*
 * What the log publishes of an entry (docs/adr/0004): a version and a salted commitment. Without the salt, which is secret, nothing can be
 * learned from it or guessed; with entry and salt anybody can make it again.
 */

const leafVersion = 0x01;
const commitmentBytes = 32;
export const saltBytes = 16;

/**
 * The 33 bytes that are hashed into the tree: `0x01 ‖ commitment`.
 * @throws TlogError `malformed` unless the commitment is 32 bytes.
 */
export function leafOf(commitment: Uint8Array): Uint8Array {
  if (commitment.length !== commitmentBytes)
    throw malformed(`a commitment has ${commitmentBytes} bytes, not ${commitment.length}`);
  return prefixed(leafVersion, commitment);
}

/**
 * The commitment to an entry: `SHA-256(0x01 ‖ salt ‖ entry)`, the entry as canonical JSON in UTF-8.
 * @throws TlogError `malformed` unless the salt is 16 bytes: the border to the entry is not in the hash.
 */
export const commitEntry = (salt: Uint8Array, entry: Uint8Array): Uint8Array => commit(0x01, salt, entry);

/**
 * The commitment to a value that an entry holds by name only: `SHA-256(0x02 ‖ salt ‖ value)`, the value in UTF-8.
 * @throws TlogError `malformed` unless the salt is 16 bytes.
 */
export const commitField = (salt: Uint8Array, value: Uint8Array): Uint8Array => commit(0x02, salt, value);

function commit(kind: number, salt: Uint8Array, message: Uint8Array): Uint8Array {
  if (salt.length !== saltBytes) throw malformed(`a salt has ${saltBytes} bytes, not ${salt.length}`);
  return sha256(prefixed(kind, salt, message));
}

function prefixed(prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 1));
  bytes[0] = prefix;
  let at = 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
