import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { Fault } from '../kernel/index.ts';

/** The key under which all others of a deployment lie. It never leaves its home: what can be had is what it wraps, and what is derived from it. */
export interface RootKey {
  /** AES key wrap (RFC 3394) of 16 bytes or more, a multiple of 8. The same input gives the same output. */
  wrap(key: Buffer): Buffer;
  /** @throws Fault `internal` when the bytes were not wrapped under this root. */
  unwrap(wrapped: Buffer): Buffer;
  /** 32 bytes for a label, the same each time (HKDF-SHA256, RFC 5869). */
  derive(label: string): Buffer;
}

/** RFC 3394, 2.2.3.1. */
const initial = Buffer.alloc(8, 0xa6);

/** @param key 32 bytes. */
export function rootKey(key: Buffer): RootKey {
  return {
    wrap(plain) {
      const cipher = createCipheriv('id-aes256-wrap', key, initial);
      return Buffer.concat([cipher.update(plain), cipher.final()]);
    },
    unwrap(wrapped) {
      try {
        const decipher = createDecipheriv('id-aes256-wrap', key, initial);
        return Buffer.concat([decipher.update(wrapped), decipher.final()]);
      } catch (cause) {
        throw new Fault('internal', {
          because: 'the root key does not open this: it belongs to another deployment, or is damaged',
          cause,
        });
      }
    },
    derive: (label) => Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), label, 32)),
  };
}
