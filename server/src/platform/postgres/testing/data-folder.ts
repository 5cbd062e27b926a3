import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { recordedRoot } from '../embedded/cluster-home.ts';
import { findPostmaster, impatientStop, stopPostmaster } from '../embedded/postmaster.ts';
import { identify } from '../embedded/process-identity.ts';

const prefix = 'vallum-test-';

/** A new data folder for this process, in the system's temporary folder. */
export function temporaryDataFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), `${prefix}${process.pid}-`));
  // Root's server runs as another user, who must pass.
  if (process.getuid?.() === 0) chmodSync(folder, 0o711);
  return folder;
}

/** Deletes a data folder whose server has stopped, and its cluster where that is elsewhere. */
export function removeDataFolder(folder: string): void {
  rmSync(recordedRoot(folder), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** Ends and removes what runs that were killed have left behind. */
export async function sweepDataFolders(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = /^vallum-test-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || identify(Number(pid))) continue;
    const folder = path.join(tmpdir(), name);
    if (statSync(folder).uid !== process.getuid?.()) continue;
    await stopServerOf(folder);
    removeDataFolder(folder);
  }
}

/** Ends the server of a data folder, if one runs. */
export async function stopServerOf(folder: string): Promise<void> {
  const root = recordedRoot(folder);
  const postmaster = findPostmaster({ root, data: path.join(root, 'data'), logs: '', sockets: '' });
  if (postmaster) await stopPostmaster(postmaster, impatientStop, () => undefined);
}
