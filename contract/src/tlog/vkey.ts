import { sha256 } from '@noble/hashes/sha2.js';
import { decodeBase64, encodeBase64, utf8 } from './bytes.ts';
import { malformed } from './verification.ts';

/** The public key of a note's signer, with the name that it signs under. Ed25519 is the only algorithm (C2SP signed-note, type 0x01). */
export interface Vkey {
  readonly name: string;
  /** Tells signature lines apart, unsigned 32 bits. Not a fingerprint: anybody can make another key with the same one. */
  readonly keyId: number;
  /** 32 bytes, as in RFC 8032. */
  readonly publicKey: Uint8Array;
}

const ed25519Type = 0x01;
const publicKeyBytes = 32;

/** Whether a signer may have this name: not empty, without white space and plus signs, which separate it from what follows. */
export const isKeyName = (name: string): boolean =>
  /^[^\p{White_Space}\p{Cc}+]+$/u.test(name) && name.isWellFormed();

/** The id of an Ed25519 key under a name: the first four bytes of `SHA-256(name ‖ 0x0a ‖ 0x01 ‖ key)`, big-endian. */
export function keyId(name: string, publicKey: Uint8Array): number {
  const digest = sha256(Uint8Array.of(...utf8(`${name}\n`), ed25519Type, ...publicKey));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
}

/**
 * A public key under a name.
 * @throws TlogError `malformed` for a name or a key that no note can have.
 */
export function vkeyOf(name: string, publicKey: Uint8Array): Vkey {
  if (!isKeyName(name))
    throw malformed('the name of a key is empty, or has white space or a plus sign in it');
  if (publicKey.length !== publicKeyBytes)
    throw malformed(`an Ed25519 public key has ${publicKeyBytes} bytes, not ${publicKey.length}`);
  return { name, keyId: keyId(name, publicKey), publicKey };
}

/** `<name>+<key id in hex>+<base64 of 0x01 ‖ key>`. */
export function formatVkey({ name, keyId, publicKey }: Vkey): string {
  const id = keyId.toString(16).padStart(8, '0');
  return `${name}+${id}+${encodeBase64(Uint8Array.of(ed25519Type, ...publicKey))}`;
}

/** @throws TlogError `malformed` when the text is no Ed25519 vkey, or its key id is not that of its name and key. */
export function parseVkey(text: string): Vkey {
  const [, name, id, base64] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,200})$/.exec(text) ?? [];
  if (name === undefined || id === undefined || base64 === undefined)
    throw malformed('a verifier key is written <name>+<8 hex digits>+<base64>');
  const bytes = decodeBase64(base64);
  if (bytes?.[0] !== ed25519Type || bytes.length !== 1 + publicKeyBytes)
    throw malformed('a verifier key ends with the base64 of 0x01 and the 32 bytes of an Ed25519 public key');
  const vkey = vkeyOf(name, bytes.subarray(1));
  if (vkey.keyId !== Number.parseInt(id, 16))
    throw malformed('the id in the verifier key is not that of its name and key: one of them was changed');
  return vkey;
}
