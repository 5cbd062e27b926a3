import { hash, randomBytes } from 'node:crypto';
import { constants, existsSync, lstatSync, readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from './durable-file.ts';
import type { MissingLink } from './package-binaries.ts';

/** Files that are flushed at once. */
const flushes = 16;

interface Item {
  /** Relative to the root. */
  readonly file: string;
  readonly executable: boolean;
}

/** What a server needs to run: neither static libraries nor what extensions are built with. */
const wanted = (file: string): boolean => !/\.a$|(?:^|\/)(?:pgxs|pkgconfig)\//.test(file);

function itemsOf(root: string): { items: Item[]; print: string } {
  const lines: string[] = [];
  const items: Item[] = [];
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.relative(root, path.join(entry.parentPath, entry.name));
    if (!wanted(file)) continue;
    const { size, mode } = lstatSync(path.join(root, file));
    items.push({ file, executable: (mode & 0o100) !== 0 });
    lines.push(`${file}:${size}`);
  }
  return { items, print: hash('sha256', lines.sort().join('\n'), 'hex').slice(0, 16) };
}

/**
 * A copy of the binaries in `cache`, that everybody may read and run. Made once for each version and set of files; whole
 * or not there, also when the machine stops halfway, or two processes copy at once.
 * @returns its root.
 */
export async function copyBinaries(
  root: string,
  links: readonly MissingLink[],
  version: string,
  cache: string,
): Promise<string> {
  const { items, print } = itemsOf(root);
  const final = path.join(cache, `postgres-${version}-${print}`);
  if (existsSync(final)) return final;
  const temporary = `${final}.${randomBytes(6).toString('hex')}`;
  try {
    await copyAll(root, temporary, items, links);
    await rename(temporary, final);
  } catch (error) {
    // Another process was first; its copy is as good.
    if (!existsSync(final)) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  syncFolder(cache);
  return final;
}

async function copyAll(
  root: string,
  to: string,
  items: readonly Item[],
  links: readonly MissingLink[],
): Promise<void> {
  const folders = new Set(items.flatMap(({ file }) => parentsOf(file)));
  for (const folder of ['.', ...folders]) {
    const made = path.join(to, folder);
    await mkdir(made, { recursive: true });
    // Whatever our umask: the server's user must come through.
    await chmod(made, 0o755);
  }
  const queue = items.values();
  const worker = async () => {
    for (const { file, executable } of queue) {
      const copy = path.join(to, file);
      await copyFile(path.join(root, file), copy, constants.COPYFILE_FICLONE);
      await chmod(copy, executable ? 0o755 : 0o644);
      // A power cut after the rename must not leave empty files that are then trusted for ever.
      const handle = await open(copy, 'r');
      await handle.sync().finally(() => handle.close());
    }
  };
  // All of them, also after a failure: what is still being written cannot be removed.
  for (const outcome of await Promise.allSettled(Array.from({ length: flushes }, worker)))
    if (outcome.status === 'rejected') throw outcome.reason;
  for (const { file, link } of links) await symlink(path.basename(file), path.join(to, link));
  for (const folder of ['.', ...folders]) syncFolder(path.join(to, folder));
}

/** The folders above a relative path, outermost first. */
const parentsOf = (file: string): string[] =>
  file
    .split('/')
    .slice(0, -1)
    .map((_, depth, parts) => parts.slice(0, depth + 1).join('/'));
