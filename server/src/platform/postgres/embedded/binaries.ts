import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { copyBinaries } from './binary-cache.ts';
import { linksOf, makeLinks, packageRoot } from './package-binaries.ts';
import { type ServerUser, spawnAs } from './server-user.ts';

/** A PostgreSQL that can be run here. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** As the server says it: `18.4`. */
  readonly version: string;
  readonly major: number;
}

/** Runs the server for its version: the only proof that a user reaches it, and that its libraries load. */
function probe(root: string, user: ServerUser | undefined): Binaries | string {
  const postgres = path.join(root, 'bin', 'postgres');
  const { status, stdout, stderr, error } = spawnSync(postgres, ['--version'], {
    ...spawnAs(user),
    encoding: 'utf8',
  });
  const [, version] = /\(PostgreSQL\) (\S+)/.exec(stdout ?? '') ?? [];
  if (status !== 0 || version === undefined)
    return error?.message ?? (stderr.trim() || `exit status ${status}`);
  return { initdb: path.join(root, 'bin', 'initdb'), postgres, version, major: Number.parseInt(version, 10) };
}

/** initdb starts the server through a shell, its path in double quotes. */
const shellSafe = (root: string): boolean => !/["\\$`!\n]/.test(root);

/** The binaries below a folder with `bin`, `lib` and `share`. @throws Error when they do not run as this user. */
export function binariesAt(root: string, user: ServerUser | undefined): Binaries {
  if (!shellSafe(root))
    throw new Error(
      `PostgreSQL cannot be run from ${root}, since a shell would read its name otherwise: rename the folder, without quotes, backslashes, dollar and exclamation marks`,
    );
  const found = probe(root, user);
  if (typeof found !== 'string') return found;
  throw new Error(
    `the PostgreSQL in ${root} does not run here${user ? ` as the user ${user.name}` : ''} (${found}): set VALLUM_DATABASE_URL to a PostgreSQL of your own`,
  );
}

/**
 * The binaries of the npm package, or a copy of them where the package lacks its links and cannot be written, or where
 * the server's user cannot reach it.
 * @param cache where copies go; reachable by the server's user.
 * @throws Error when there is no package, or it does not run on this system.
 */
export async function findBinaries(options: {
  user: ServerUser | undefined;
  cache: string;
  root?: string;
  log: (line: string) => void;
}): Promise<Binaries> {
  const { user, cache, log, root = packageRoot() } = options;
  const links = linksOf(root);
  if (shellSafe(root) && makeLinks(root, links)) {
    const found = probe(root, user);
    if (typeof found !== 'string') return found;
  }
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  const copy = await copyBinaries(root, links, versionOf(root), cache);
  log(`PostgreSQL runs from a copy in ${copy}, since it cannot be run from ${root}`);
  return binariesAt(copy, user);
}

/** The npm package's version; the server cannot be asked before it runs. */
function versionOf(root: string): string {
  const { version } = JSON.parse(readFileSync(path.join(root, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  if (!/^[\w.+-]+$/.test(version)) throw new Error(`${root}: the package's version is not one`);
  return version;
}
