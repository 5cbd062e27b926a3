import { hash } from 'node:crypto';
import { closeSync, fsync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../../kernel/index.ts';
import type { HighWater } from '../ports.ts';

const fsyncAsync = promisify(fsync);

/** Two slots of a file, written in turn: a write that is torn loses the newest mark, never both. */
const slotBytes = 4096;

/** Keeps the high-water checkpoint in `<folder>/high-water`. Each slot: sequence, length, SHA-256, text. */
export function fileHighWater(folder: string): HighWater & { close(): void } {
  let fd: number | undefined;
  let sequence = 0;
  let last: string | undefined;
  let dirty = false;
  let flushing: Promise<void> | undefined;

  function opened(): number {
    if (fd !== undefined) return fd;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, 'high-water');
    fd = openSync(file, 'a', 0o600);
    closeSync(fd);
    fd = openSync(file, 'r+');
    const slots = [0, 1].map((slot) =>
      readSlot(readFileSync(file).subarray(slot * slotBytes, (slot + 1) * slotBytes)),
    );
    if (slots.every((slot) => slot === 'damaged')) {
      throw new Fault('internal', {
        because: `${file} is damaged: nobody can say how far the ledger had come. Restore it, or remove it to trust the database as it is.`,
      });
    }
    for (const slot of slots) {
      if (typeof slot === 'object' && slot.sequence > sequence) ({ sequence, text: last } = slot);
    }
    return fd;
  }

  return {
    async read() {
      opened();
      return last;
    },
    write(text) {
      const file = opened();
      sequence++;
      last = text;
      writeSync(file, slot(sequence, text), 0, undefined, (sequence % 2) * slotBytes);
      dirty = true;
    },
    async flush() {
      if (dirty && fd !== undefined) {
        dirty = false;
        flushing = fsyncAsync(fd).catch((error: unknown) => {
          dirty = true;
          throw error;
        });
      }
      // What was written before may still be on its way to the disk for somebody else.
      await flushing;
    },
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

function slot(sequence: number, text: string): Buffer {
  const body = Buffer.from(text);
  const bytes = Buffer.alloc(12 + 32 + body.length);
  if (bytes.length > slotBytes)
    throw new Fault('internal', { because: 'a checkpoint too long for its slot' });
  bytes.writeBigUInt64BE(BigInt(sequence), 0);
  bytes.writeUInt32BE(body.length, 8);
  body.copy(bytes, 44);
  hash('sha256', Buffer.concat([bytes.subarray(0, 12), body]), 'buffer').copy(bytes, 12);
  return bytes;
}

function readSlot(bytes: Buffer): { sequence: number; text: string } | 'empty' | 'damaged' {
  if (bytes.length < 44 || bytes.every((byte) => byte === 0))
    return bytes.length < 44 && bytes.length > 0 ? 'damaged' : 'empty';
  const body = bytes.subarray(44, 44 + bytes.readUInt32BE(8));
  const digest = hash('sha256', Buffer.concat([bytes.subarray(0, 12), body]), 'buffer');
  if (!digest.equals(bytes.subarray(12, 44))) return 'damaged';
  return { sequence: Number(bytes.readBigUInt64BE(0)), text: body.toString() };
}
