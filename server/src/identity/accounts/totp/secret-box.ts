import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Fault } from '../../../kernel/index.ts';

/** Secrets that must be read again, encrypted under a key that is not in the database, each for its owner alone. */
export interface SecretBox {
  seal(owner: string, secret: Buffer): Buffer;
  /** @throws Fault `internal` for what was not sealed under this key for this owner */
  open(owner: string, sealed: Buffer): Buffer;
}

const nonceBytes = 12;
const tagBytes = 16;

/** AES-256-GCM: nonce, ciphertext, tag. Who is the owner is authenticated, so that a row that is copied to another one does not open. */
export const createSecretBox = (key: Buffer): SecretBox => ({
  seal(owner, secret) {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner));
    return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  },
  open(owner, sealed) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(owner)).setAuthTag(sealed.subarray(-tagBytes));
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    } catch (cause) {
      throw new Fault('internal', {
        because: 'a secret does not open with the key of this deployment',
        cause,
      });
    }
  },
});
