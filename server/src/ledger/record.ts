import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from 'node:crypto';
import { Fault } from '../kernel/index.ts';

/**
 * The record of one entry (ADR 4): the entry and its committed values, each with its salt, encrypted under a key that comes from a subject's key.
 * Without the subject's key neither content nor salt can be had.
 */

export interface SubjectKey {
  readonly version: number;
  /** 32 bytes, uniform. A key object: with bytes as a key, each operation of node:crypto takes three times as long. */
  readonly key: KeyObject;
}

export type Kind = 'entry' | 'field';

/** A value that has been encrypted, and the commitment to it. */
export interface SealedValue {
  readonly commitment: Buffer;
  readonly sealed: Buffer;
}

const segmentBytes = 16;
const saltBytes = 16;
const tagBytes = 16;
/** Key version u16, segment, counter u32, length u32. */
const headBytes = 2 + segmentBytes + 4 + 4;
/** A commitment is `SHA-256(prefix ‖ salt ‖ value)`. */
const prefixes: Record<Kind, number> = { entry: 0x01, field: 0x02 };
const labels: Record<Kind, Buffer> = {
  entry: Buffer.from('vallum/entry/v1'),
  field: Buffer.from('vallum/field/v1'),
};

/** HKDF-Expand (RFC 5869, 2.3) with SHA-256: one block, 32 bytes. The subject's key is uniform, so extracting would add nothing (3.3). */
function segmentKey(key: KeyObject, kind: Kind, segment: Buffer): KeyObject {
  return createSecretKey(
    createHmac('sha256', key).update(labels[kind]).update(segment).update('\x01').digest(),
  );
}

const salts = Buffer.alloc(4096);
let saltsUsed = salts.length;
function nextSalt(): number {
  if (saltsUsed === salts.length) {
    randomFillSync(salts);
    saltsUsed = 0;
  }
  saltsUsed += saltBytes;
  return saltsUsed - saltBytes;
}

export interface Sealer {
  seal(text: string): SealedValue;
}

/**
 * Seals values of one subject. It draws a segment at random and counts in it; the key belongs to the segment and the count is the nonce, so no pair of them comes
 * twice, also with many processes and after a restart, which draw segments of their own.
 */
export function createSealer({ key, version }: SubjectKey, kind: Kind): Sealer {
  let segment = randomBytes(segmentBytes);
  let own = segmentKey(key, kind, segment);
  let counter = 0;
  const nonce = Buffer.alloc(12);

  return {
    seal(text) {
      if (counter === 0xffffffff) {
        segment = randomBytes(segmentBytes);
        own = segmentKey(key, kind, segment);
        counter = 0;
      }
      counter++;
      const length = Buffer.byteLength(text);
      const plain = Buffer.allocUnsafe(1 + saltBytes + length);
      plain[0] = prefixes[kind];
      const salt = nextSalt();
      salts.copy(plain, 1, salt, salt + saltBytes);
      plain.write(text, 1 + saltBytes, length, 'utf8');

      nonce.writeUInt32BE(counter, 8);
      const cipher = createCipheriv('aes-256-gcm', own, nonce);
      const body = cipher.update(plain.subarray(1));
      cipher.final();
      const sealed = Buffer.allocUnsafe(headBytes + body.length + tagBytes);
      sealed.writeUInt16BE(version, 0);
      segment.copy(sealed, 2);
      sealed.writeUInt32BE(counter, 2 + segmentBytes);
      sealed.writeUInt32BE(body.length + tagBytes, 6 + segmentBytes);
      body.copy(sealed, headBytes);
      cipher.getAuthTag().copy(sealed, headBytes + body.length);
      return { commitment: hash('sha256', plain, 'buffer'), sealed };
    },
  };
}

/** The version of the key that a sealed value needs. */
export const keyVersionOf = (sealed: Buffer): number => sealed.readUInt16BE(0);

/** @throws Fault `internal` when the bytes are not what was sealed under this key. */
export function openValue(key: KeyObject, kind: Kind, sealed: Buffer): { value: Buffer; salt: Buffer } {
  const own = segmentKey(key, kind, sealed.subarray(2, 2 + segmentBytes));
  const nonce = Buffer.alloc(12);
  sealed.copy(nonce, 8, 2 + segmentBytes, 6 + segmentBytes);
  try {
    if (sealed.readUInt32BE(headBytes - 4) !== sealed.length - headBytes)
      throw new RangeError('its length is not its own');
    const decipher = createDecipheriv('aes-256-gcm', own, nonce, { authTagLength: tagBytes });
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    const plain = Buffer.concat([decipher.update(sealed.subarray(headBytes, -tagBytes)), decipher.final()]);
    return { salt: plain.subarray(0, saltBytes), value: plain.subarray(saltBytes) };
  } catch (cause) {
    throw new Fault('internal', { because: 'a ledger record does not open with its key', cause });
  }
}

export interface SealedField {
  readonly name: string;
  readonly subject: string;
  readonly sealed: Buffer;
}

const recordVersion = Buffer.from([0x01]);

/** A record's bytes: version, the sealed entry, the sealed fields. */
export function encodeRecord(entry: Buffer, fields: readonly SealedField[]): Buffer {
  const parts: Buffer[] = [recordVersion, entry];
  for (const { name, subject, sealed } of fields) {
    for (const text of [name, subject]) parts.push(Buffer.from([Buffer.byteLength(text)]), Buffer.from(text));
    parts.push(sealed);
  }
  return Buffer.concat(parts);
}

/** @throws Fault `internal` for bytes that are no record. */
export function decodeRecord(record: Buffer): { entry: Buffer; fields: SealedField[] } {
  if (record[0] !== 1) throw new Fault('internal', { because: `ledger record of version ${record[0]}` });
  let at = 1;
  const take = (bytes: number): Buffer => {
    if (at + bytes > record.length) throw new Fault('internal', { because: 'a ledger record is cut short' });
    at += bytes;
    return record.subarray(at - bytes, at);
  };
  const takeSealed = (): Buffer => {
    const length = take(headBytes).readUInt32BE(headBytes - 4);
    at -= headBytes;
    return take(headBytes + length);
  };
  const takeText = (): string => take(take(1)[0] ?? 0).toString();
  const entry = takeSealed();
  const fields: SealedField[] = [];
  while (at < record.length) fields.push({ name: takeText(), subject: takeText(), sealed: takeSealed() });
  return { entry, fields };
}
