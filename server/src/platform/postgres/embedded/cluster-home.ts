import { hash } from 'node:crypto';
import { existsSync, lchownSync, lstatSync, mkdirSync, readFileSync, realpathSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { replaceFile } from './durable-file.ts';
import { canUse, type ServerUser } from './server-user.ts';

/** The folders of one cluster. */
export interface ClusterHome {
  /** Ours, not the server's: it holds the settings, which the server must not change. */
  readonly root: string;
  readonly data: string;
  readonly logs: string;
  readonly sockets: string;
}

/** sockaddr_un holds 108 bytes on Linux and 104 elsewhere, the end included. */
const longestSocketPath = 100;
export const socketPort = 5432;
const pointerName = 'postgres.location';

const shortHash = (text: string): string => hash('sha256', text, 'hex').slice(0, 16);

/** Where the folder's cluster is, or would be, if nobody is in the way. */
export function recordedRoot(dataDir: string): string {
  const pointer = path.join(dataDir, pointerName);
  if (!existsSync(pointer)) return path.join(dataDir, 'postgres');
  const root = readFileSync(pointer, 'utf8').trim();
  if (!path.isAbsolute(root) || !existsSync(root))
    throw new Error(
      `${pointer} says that the database is in ${root}, and it is not: bring that folder back, or delete ${pointer} to begin with an empty database`,
    );
  return root;
}

/**
 * Makes the folders of the cluster: in the data folder, or below `systemDir` where another user that runs the server
 * cannot reach that. A file in the data folder then says where, so that the next start finds it whatever has changed.
 * @throws Error when the cluster that is there cannot be reached.
 */
export function prepareHome(options: {
  dataDir: string;
  systemDir: string;
  user: ServerUser | undefined;
  log: (line: string) => void;
}): ClusterHome {
  const { dataDir, systemDir, user, log } = options;
  const recorded = recordedRoot(dataDir);
  makeFolders(recorded, user);
  if (usable(recorded, user)) return homeOf(recorded, user);
  if (recorded !== path.join(dataDir, 'postgres') || existsSync(path.join(recorded, 'data')))
    throw new Error(
      `the database in ${recorded} cannot be reached by the user ${user?.name ?? 'that runs Vallum'}: give that user the right to pass the folders above it (chmod o+x), and to own what is in it`,
    );
  if (!user)
    throw new Error(`${recorded} cannot be written: make it writable, or set VALLUM_DATA to another folder`);
  for (const folder of ['logs', 'run', '.']) rmdirSync(path.join(recorded, folder));
  const root = path.join(systemDir, shortHash(realpathSync(dataDir)));
  makeFolders(root, user);
  if (!usable(root, user))
    throw new Error(
      `${root} cannot be used by the user ${user.name}: see the rights of the folders above it`,
    );
  replaceFile(path.join(dataDir, pointerName), `${root}\n`, 0o600);
  log(`the database is in ${root}, since the user ${user.name} cannot reach ${dataDir}`);
  return homeOf(root, user);
}

const usable = (root: string, user: ServerUser | undefined): boolean => canUse(user, path.join(root, 'logs'));

function makeFolders(root: string, user: ServerUser | undefined): void {
  // To be passed by the server's user, not listed.
  mkdirSync(root, { recursive: true, mode: user ? 0o711 : 0o700 });
  for (const name of ['logs', 'run']) makeFolderOf(user, path.join(root, name));
}

/** Makes a folder of the server's user. Follows no link in its place: that could give a folder of ours away. */
function makeFolderOf(user: ServerUser | undefined, folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  try {
    if (user) lchownSync(folder, user.uid, user.gid);
  } catch {
    // A file system without owners; whether the user can use it is tried next.
  }
}

function homeOf(root: string, user: ServerUser | undefined): ClusterHome {
  return {
    root,
    data: path.join(root, 'data'),
    logs: path.join(root, 'logs'),
    sockets: socketFolder(path.join(root, 'run'), user),
  };
}

/**
 * A folder for the socket: the given one, or a short one in /tmp when the path to the socket would be too long for the kernel.
 * @throws Error when somebody else has made that one: who owns the folder can put a server of theirs behind its name.
 */
export function socketFolder(wanted: string, user: ServerUser | undefined): string {
  const fits = Buffer.byteLength(path.join(wanted, `.s.PGSQL.${socketPort}`)) <= longestSocketPath;
  if (fits) return wanted;
  const uid = user?.uid ?? process.getuid?.() ?? 0;
  const short = path.join('/tmp', `vallum-${uid}-${shortHash(wanted)}`);
  if (!existsSync(short)) {
    mkdirSync(short, { mode: 0o700 });
    if (user) lchownSync(short, user.uid, user.gid);
  }
  const found = lstatSync(short);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0)
    throw new Error(
      `${short} is where the database's socket belongs, and it is not a folder of user number ${uid} alone: remove it, or set VALLUM_DATA to a shorter path`,
    );
  return short;
}
