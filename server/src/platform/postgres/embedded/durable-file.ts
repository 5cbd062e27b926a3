import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

/** Makes the names in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a file beside its final name, on disk, then gives it the name. Follows no link that somebody put there. */
function write(file: string, text: string, mode: number, name: (temporary: string) => void): void {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  const descriptor = openSync(temporary, 'wx', mode);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    name(temporary);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(path.dirname(file));
}

/** Writes a file, whole or not at all. */
export const replaceFile = (file: string, text: string, mode: number): void =>
  write(file, text, mode, (temporary) => renameSync(temporary, file));

/** Writes a file unless there is one. @returns whether it did. */
export function createFile(file: string, text: string, mode: number): boolean {
  try {
    write(file, text, mode, (temporary) => linkSync(temporary, file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
