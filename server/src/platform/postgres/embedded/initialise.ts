import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Binaries } from './binaries.ts';
import type { ClusterHome } from './cluster-home.ts';
import { syncFolder } from './durable-file.ts';
import { type ServerUser, spawnAs } from './server-user.ts';

/** The cluster's superuser. Nobody works as it; it makes the owner and watches the server. */
export const superuser = 'postgres';
const unfinished = 'new-';

/** Runs a program to its end. @returns what it printed. @throws Error with what it said last. */
function run(program: string, args: readonly string[], user: ServerUser | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...spawnAs(user), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    child.on('error', reject);
    child.on('close', (code, killer) => {
      if (code === 0) resolve(output);
      else
        reject(
          new Error(
            `${program} failed (${killer ?? `exit status ${code}`}): ${output.trim().split('\n').slice(-3).join('; ')}`,
          ),
        );
    });
  });
}

/** The major version that made the cluster; undefined where there is none. */
function majorOf(home: ClusterHome): number | undefined {
  if (!existsSync(home.data)) return undefined;
  return Number.parseInt(readFileSync(path.join(home.data, 'PG_VERSION'), 'utf8'), 10);
}

/**
 * Makes the cluster unless there is one. It is made under another name and renamed when it is complete and on disk, so a
 * crash leaves nothing that looks like a cluster.
 * @param sync false for tests.
 * @returns whether it made one.
 * @throws Error when the one that is there belongs to another major version.
 */
export async function initialise(options: {
  binaries: Binaries;
  home: ClusterHome;
  user: ServerUser | undefined;
  password: string;
  sync: boolean;
}): Promise<boolean> {
  const { binaries, home, user, password, sync } = options;
  await removeUnfinished(home, user);
  const major = majorOf(home);
  if (major === binaries.major) return false;
  if (major !== undefined)
    throw new Error(
      `the database in ${home.data} was made by PostgreSQL ${major}, and this release brings ${binaries.major}, which cannot read it: run the release that made it, take a backup there, and restore it into a new data folder; or set VALLUM_DATABASE_URL to a PostgreSQL of your own`,
    );
  const name = path.join(home.root, unfinished + randomBytes(6).toString('hex'));
  const passwordFile = `${name}.password`;
  mkdirSync(name, { mode: 0o700 });
  try {
    writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
    if (user) for (const made of [name, passwordFile]) chownSync(made, user.uid, user.gid);
    await run(
      binaries.initdb,
      [
        ...['--pgdata', name, '--username', superuser, '--pwfile', passwordFile],
        ...['--auth-local=scram-sha-256', '--auth-host=reject', '--data-checksums'],
        ...['--encoding=UTF8', '--locale=C', '--no-instructions'],
        ...(sync ? [] : ['--no-sync']),
      ],
      user,
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(name, home.data);
  syncFolder(home.root);
  return true;
}

/** What starts that did not come to their end have left. */
async function removeUnfinished(home: ClusterHome, user: ServerUser | undefined): Promise<void> {
  for (const name of readdirSync(home.root).filter((entry) => entry.startsWith(unfinished))) {
    const left = path.join(home.root, name);
    try {
      // As the user whose files they are: what is in a folder of theirs is no path that root should follow.
      if (user) await run('rm', ['-rf', '--', ...contentsOf(left)], user);
      rmSync(left, { recursive: true, force: true });
    } catch {
      // An initdb whose parent died may still be writing there. The next start removes it.
    }
  }
}

function contentsOf(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}
