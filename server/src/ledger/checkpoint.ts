import { createPrivateKey, createPublicKey, hash, type KeyObject, sign } from 'node:crypto';

/** Signs tree heads as C2SP tlog-checkpoint: a signed note with an Ed25519 key whose name is the log's origin. */
export interface Signer {
  /** The checkpoint note of a log at a size. */
  checkpoint(origin: string, size: number, root: Buffer): string;
  /** The verifier key (C2SP signed-note) that goes with an origin. */
  vkey(origin: string): string;
}

const ed25519 = Buffer.from([0x01]);
/** PKCS#8 of an Ed25519 key before its 32 bytes of seed (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** @param seed 32 secret bytes. */
export function createSigner(seed: Buffer): Signer {
  const key: KeyObject = createPrivateKey({
    key: Buffer.concat([pkcs8, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const typed = Buffer.concat([ed25519, publicKey]);
  const keyIds = new Map<string, Buffer>();

  function keyId(origin: string): Buffer {
    const known = keyIds.get(origin);
    if (known) return known;
    const id = hash('sha256', Buffer.concat([Buffer.from(`${origin}\n`), typed]), 'buffer').subarray(0, 4);
    keyIds.set(origin, id);
    return id;
  }

  return {
    checkpoint(origin, size, root) {
      const body = `${origin}\n${size}\n${root.toString('base64')}\n`;
      const signature = Buffer.concat([keyId(origin), sign(null, Buffer.from(body), key)]);
      return `${body}\n— ${origin} ${signature.toString('base64')}\n`;
    },
    vkey: (origin) => `${origin}+${keyId(origin).toString('hex')}+${typed.toString('base64')}`,
  };
}
