import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * WebAuthn challenges that nobody has to remember: a nonce, when it ends, and an HMAC over both and what it is for. So any process can tell its own, and asking for them fills nothing. That each is
 * answered once is for who takes the answer: by its nonce, until it ends.
 */
export interface Challenge {
  readonly nonce: Buffer;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
}

const nonceBytes = 16;
const timeBytes = 6;
const macBytes = 32;

function mac(key: Buffer, head: Buffer, purpose: string): Buffer {
  return createHmac('sha256', key).update(head).update(purpose).digest();
}

/** @param purpose what it may be answered for, such as a sign-in to one organization; nothing else accepts it. */
export function newChallenge(key: Buffer, purpose: string, expiresAtMs: number): Buffer {
  const time = Buffer.alloc(timeBytes);
  time.writeUIntBE(expiresAtMs, 0, timeBytes);
  const head = Buffer.concat([randomBytes(nonceBytes), time]);
  return Buffer.concat([head, mac(key, head, purpose)]);
}

/** The challenge, if it is one of ours, for this, and not over. */
export function readChallenge(
  key: Buffer,
  purpose: string,
  challenge: Buffer,
  nowMs: number,
): Challenge | undefined {
  if (challenge.length !== nonceBytes + timeBytes + macBytes) return undefined;
  const head = challenge.subarray(0, nonceBytes + timeBytes);
  if (!timingSafeEqual(mac(key, head, purpose), challenge.subarray(nonceBytes + timeBytes))) return undefined;
  const expiresAtMs = head.readUIntBE(nonceBytes, timeBytes);
  return expiresAtMs > nowMs ? { nonce: Buffer.from(head.subarray(0, nonceBytes)), expiresAtMs } : undefined;
}
