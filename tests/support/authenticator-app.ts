import { createHmac } from 'node:crypto';

/** What an authenticator app shows for a secret that was typed into it (RFC 6238, SHA-1, six digits, 30 seconds). */
export function appCode(secret: string, atMs = Date.now()): string {
  let bits = '';
  for (const letter of secret)
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g)?.map((each) => Number.parseInt(each, 2)) ?? []);
  const counter = Buffer.alloc(8);
  counter.writeUInt32BE(Math.floor(atMs / 30_000), 4);
  const mac = createHmac('sha1', key).update(counter).digest();
  const code = mac.readUInt32BE((mac[19] ?? 0) & 15) & 0x7fffffff;
  return String(code % 1_000_000).padStart(6, '0');
}

/** The codes that are good now, the one of the half minute that comes first: that is a new one longest. */
export const appCodes = (secret: string): string[] =>
  [30_000, 0, -30_000].map((offset) => appCode(secret, Date.now() + offset));
