import { randomFillSync } from 'node:crypto';
import { type Id, type IdKind, idOf } from '@vallum/contract';

// Random bytes are drawn a page at a time: one call for 512 ids instead of one each.
const pool = Buffer.alloc(4096);
let used = pool.length;

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const at = (offset: number): string => hex[pool[offset] ?? 0] ?? '00';

/**
 * A UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random bits.
 * @param nowMs Unix time in milliseconds; part of the id, so that ids sort by time and can be partitioned by it.
 */
export function uuidv7(nowMs: number): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const o = used;
  used += 10;
  const time = nowMs.toString(16).padStart(12, '0');
  const version = hex[0x70 | ((pool[o] ?? 0) & 0x0f)];
  const variant = hex[0x80 | ((pool[o + 2] ?? 0) & 0x3f)];
  return (
    `${time.slice(0, 8)}-${time.slice(8)}-${version}${at(o + 1)}-${variant}${at(o + 3)}-` +
    at(o + 4) +
    at(o + 5) +
    at(o + 6) +
    at(o + 7) +
    at(o + 8) +
    at(o + 9)
  );
}

/** A new id of a kind. */
export const newId = <K extends IdKind>(kind: K, nowMs: number): Id<K> => idOf(kind, uuidv7(nowMs));
