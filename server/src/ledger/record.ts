import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';
import { Fault } from '../kernel/index.ts';

/**
 * The record of one entry (ADR 4): the entry and its committed values, each encrypted under a key of its own that, with its salt,
 * comes from a subject's key and a seed. Without the subject's key neither content nor salt can be had.
 */

export interface SubjectKey {
  readonly version: number;
  /** 32 bytes, uniform. A key object: with bytes as a key, each operation of node:crypto takes three times as long. */
  readonly key: KeyObject;
}

export interface SealedValue {
  readonly salt: Buffer;
  readonly sealed: Buffer;
}

const seedBytes = 16;
const saltBytes = 16;
const tagBytes = 16;
/** Key version u16, seed, length u32. */
const headBytes = 2 + seedBytes + 4;
/** Each key encrypts one message, so the nonce need not differ. */
const nonce = Buffer.alloc(12);

const labels = { entry: Buffer.from('vallum/entry/v1'), field: Buffer.from('vallum/field/v1') };
type Kind = keyof typeof labels;

const seeds = Buffer.alloc(4096);
let seedsUsed = seeds.length;
function nextSeed(): Buffer {
  if (seedsUsed === seeds.length) {
    randomFillSync(seeds);
    seedsUsed = 0;
  }
  seedsUsed += seedBytes;
  return seeds.subarray(seedsUsed - seedBytes, seedsUsed);
}

/** HKDF-Expand with SHA-512 (RFC 5869, 2.3) for up to 64 bytes: one block. 32 bytes of key, 16 of salt. */
const expand = (key: KeyObject, kind: Kind, seed: Buffer): Buffer =>
  createHmac('sha512', key).update(labels[kind]).update(seed).update('\x01').digest();

/** Encrypts one value. The salt is what a commitment to it takes. */
export function sealValue({ key, version }: SubjectKey, kind: Kind, value: Buffer): SealedValue {
  const seed = nextSeed();
  const okm = expand(key, kind, seed);
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(okm.subarray(0, 32)), nonce);
  const body = cipher.update(value);
  cipher.final();
  const sealed = Buffer.allocUnsafe(headBytes + body.length + tagBytes);
  sealed.writeUInt16BE(version, 0);
  seed.copy(sealed, 2);
  sealed.writeUInt32BE(body.length + tagBytes, 2 + seedBytes);
  body.copy(sealed, headBytes);
  cipher.getAuthTag().copy(sealed, headBytes + body.length);
  return { salt: okm.subarray(32, 32 + saltBytes), sealed };
}

/** The version of the key that a sealed value needs. */
export const keyVersionOf = (sealed: Buffer): number => sealed.readUInt16BE(0);

/** @throws Fault `internal` when the bytes are not what was sealed under this key. */
export function openValue(key: KeyObject, kind: Kind, sealed: Buffer): { value: Buffer; salt: Buffer } {
  const okm = expand(key, kind, sealed.subarray(2, 2 + seedBytes));
  const end = headBytes + sealed.readUInt32BE(2 + seedBytes);
  try {
    const decipher = createDecipheriv('aes-256-gcm', createSecretKey(okm.subarray(0, 32)), nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAuthTag(sealed.subarray(end - tagBytes, end));
    const value = Buffer.concat([
      decipher.update(sealed.subarray(headBytes, end - tagBytes)),
      decipher.final(),
    ]);
    return { value, salt: okm.subarray(32, 32 + saltBytes) };
  } catch (cause) {
    throw new Fault('internal', { because: 'a ledger record does not open with its key', cause });
  }
}

const entryPrefix = Buffer.from([0x01]);
const fieldPrefix = Buffer.from([0x02]);

/** `SHA-256(0x01 ‖ salt ‖ entry)`. */
export const commitEntry = (salt: Buffer, entry: Buffer): Buffer =>
  hash('sha256', Buffer.concat([entryPrefix, salt, entry]), 'buffer');

/** `SHA-256(0x02 ‖ salt ‖ value)`. */
export const commitField = (salt: Buffer, value: Buffer): Buffer =>
  hash('sha256', Buffer.concat([fieldPrefix, salt, value]), 'buffer');

export interface SealedField {
  readonly name: string;
  readonly subject: string;
  readonly sealed: Buffer;
}

/** A record's bytes: version, the sealed entry, the sealed fields. */
export function encodeRecord(entry: Buffer, fields: readonly SealedField[]): Buffer {
  const parts: Buffer[] = [entryPrefix, entry];
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
    const length = take(headBytes).readUInt32BE(2 + seedBytes);
    at -= headBytes;
    return take(headBytes + length);
  };
  const takeText = (): string => take(take(1)[0] ?? 0).toString();
  const entry = takeSealed();
  const fields: SealedField[] = [];
  while (at < record.length) fields.push({ name: takeText(), subject: takeText(), sealed: takeSealed() });
  return { entry, fields };
}
