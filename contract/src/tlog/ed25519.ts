import { ed25519 } from '@noble/curves/ed25519.js';

const signatureBytes = 64;

/**
 * Whether an Ed25519 signature fits (RFC 8032, section 5.1.7). Strict: S below the group's order and points in their one encoding, so that
 * nobody can make a second signature from the first; and no key of small order, under which one signature fits many messages.
 * @param publicKey 32 bytes
 */
export const verifyEd25519 = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean =>
  signature.length === signatureBytes && ed25519.verify(signature, message, publicKey, { zip215: false });
