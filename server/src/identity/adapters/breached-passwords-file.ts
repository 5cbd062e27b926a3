import { hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Fault, type Service } from '../../kernel/index.ts';
import type { BreachedPasswords } from '../accounts/passwords/password-policy.ts';

/** More than any line: 64 digits, a count, an end of line. */
const longestLine = 128;
const shortestHash = 16;
const sha1Digits = 40;
const sha256Digits = 64;

/**
 * A list of hashes in a file, in their order, as `HASH:count` lines: what the downloader of Pwned Passwords writes in one file. It may have tens of gigabytes: it is searched where it lies, some thirty
 * reads for each password. Hashes are SHA-1 (up to 40 hexadecimal digits: their first ones are enough) or SHA-256 (more than 40). Its start rejects where the file cannot be read, or is not of that form.
 */
export function breachedPasswordsFile(file: string): BreachedPasswords & Service {
  let opened: { readonly handle: FileHandle; readonly size: number; readonly digits: number } | undefined;
  return {
    name: 'breached passwords',
    async start() {
      const handle = await open(file);
      try {
        const { size } = await handle.stat();
        opened = { handle, size, digits: await hashDigits(handle, size, file) };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
    async stop() {
      await opened?.handle.close();
      opened = undefined;
    },
    async has(password) {
      try {
        if (!opened) throw new Error('it is not open');
        const { handle, size, digits } = opened;
        const algorithm = digits > sha1Digits ? 'sha256' : 'sha1';
        return await search(handle, size, hash(algorithm, password, 'hex').toUpperCase().slice(0, digits));
      } catch (cause) {
        throw new Fault('unavailable', {
          detail: 'The list of breached passwords cannot be read now.',
          because: 'the file of breached passwords cannot be searched',
          cause,
        });
      }
    },
  };
}

/** How many digits its hashes have; from its first line, and its last one must have as many and not be before it. */
async function hashDigits(handle: FileHandle, size: number, file: string): Promise<number> {
  const first = await lineFrom(handle, 0, size);
  const last = await lineFrom(handle, Math.max(0, size - 2 * longestLine), size, true);
  const digits = first?.hash.length ?? 0;
  if (
    !first ||
    !last ||
    digits < shortestHash ||
    digits > sha256Digits ||
    last.hash.length !== digits ||
    last.hash < first.hash
  )
    throw new Error(
      `identity.passwords.breached_file: ${file} must have lines HASH:count in the order of their hashes, which are SHA-1 or SHA-256 in hexadecimal, or the first ${shortestHash} digits and more of it`,
    );
  return digits;
}

interface Line {
  readonly hash: string;
  /** Where it begins and where the next one does, in bytes. */
  readonly from: number;
  readonly next: number;
}

/** A binary search over bytes: each look reads from somewhere, and takes the first whole line there. */
async function search(handle: FileHandle, size: number, wanted: string): Promise<boolean> {
  let low = 0;
  let high = size;
  // Lines that begin in [low, high) may be the one.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const line = middle === low ? await lineFrom(handle, low, size) : await lineAfter(handle, middle, size);
    if (!line || line.from >= high) {
      // No line begins after the middle: it is before it.
      if (middle === low) return false;
      high = middle;
      continue;
    }
    if (line.hash === wanted) return true;
    if (line.hash < wanted) low = line.next;
    else if (line.from > low && middle > low) high = middle;
    else return false;
  }
  return false;
}

/** The first line that begins at this byte or later; the byte before is the end of another one. */
const lineAfter = async (handle: FileHandle, at: number, size: number): Promise<Line | undefined> => {
  const { text } = await read(handle, at - 1, size);
  const end = text.indexOf('\n');
  return end < 0 ? undefined : lineFrom(handle, at + end, size);
};

/** @param wantsLast the last line of what there is from here on, instead of the one that begins here. */
async function lineFrom(
  handle: FileHandle,
  from: number,
  size: number,
  wantsLast = false,
): Promise<Line | undefined> {
  if (from >= size) return undefined;
  const { text } = await read(handle, from, size);
  const line = wantsLast ? text.trimEnd().split('\n').at(-1) : text.split('\n', 1)[0];
  const found = /^([0-9A-Fa-f]+)(?::\d+)?\r?$/.exec(line ?? '');
  if (!found?.[1]) throw new Error('a line is not HASH:count');
  const end = text.indexOf('\n');
  return { hash: found[1].toUpperCase(), from, next: end < 0 ? size : from + end + 1 };
}

async function read(handle: FileHandle, from: number, size: number): Promise<{ readonly text: string }> {
  const bytes = Buffer.alloc(Math.min(2 * longestLine, size - from));
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
  return { text: bytes.toString('latin1', 0, bytesRead) };
}
