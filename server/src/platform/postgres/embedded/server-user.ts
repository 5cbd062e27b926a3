import { spawnSync } from 'node:child_process';

/** Whom a server process runs as. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

function ask(name: string, option: '-u' | '-g' | '-un'): string | undefined {
  const { status, stdout } = spawnSync('id', [option, '--', name], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The user of this name or number in the system's user database. */
export function findUser(name: string): ServerUser | undefined {
  const [uid, gid, named] = [ask(name, '-u'), ask(name, '-g'), ask(name, '-un')];
  if (uid === undefined || gid === undefined || named === undefined) return undefined;
  return { name: named, uid: Number(uid), gid: Number(gid) };
}

interface Choice {
  /** Another user's name, where the operator set one. */
  readonly configured: string | undefined;
  /** uid of the cluster that is there already: its files are that user's, whoever would be chosen today. */
  readonly owner: number | undefined;
  readonly log: (line: string) => void;
  readonly find?: typeof findUser;
  readonly isRoot?: boolean;
}

/**
 * Whom the server runs as; undefined for "as ourselves". PostgreSQL refuses root, and initdb refuses a user without an
 * entry in the user database. Names `nobody` as the risk that it is.
 * @throws Error when no such user exists.
 */
export function chooseServerUser(choice: Choice): ServerUser | undefined {
  const { isRoot = process.getuid?.() === 0, log } = choice;
  if (!isRoot) return undefined;
  const user = choose(choice);
  if (user.name === 'nobody')
    log(
      'the database server runs as the user nobody. RISK: any other service that runs as nobody can read and change its files; before the first start, create a user postgres, or set VALLUM_POSTGRES_USER',
    );
  return user;
}

function choose({ configured, owner, log, find = findUser }: Choice): ServerUser {
  if (owner !== undefined && owner !== 0) {
    const user = find(String(owner));
    if (user) return user;
    throw new Error(
      `the database's files belong to the user number ${owner}, who is not in this system's user database: add the user, or give the files to another`,
    );
  }
  const named = configured === undefined ? undefined : requireUser(find, configured);
  const preferred = find('postgres');
  if (preferred && named && named.uid !== preferred.uid)
    log(
      `the database server runs as the user postgres, which exists; ${configured} is used only where it does not`,
    );
  const user = preferred ?? named ?? find('nobody');
  if (user) return user;
  throw new Error(
    'PostgreSQL refuses to run as root, and there is no user postgres or nobody: set VALLUM_POSTGRES_USER to an unprivileged user',
  );
}

function requireUser(find: typeof findUser, name: string): ServerUser {
  const user = find(name);
  if (!user) throw new Error(`VALLUM_POSTGRES_USER names ${name}, who is not a user of this system`);
  if (user.uid === 0)
    throw new Error(`VALLUM_POSTGRES_USER names ${name}, who is root: PostgreSQL refuses root`);
  return user;
}

/** For `spawn`: as this user, without our groups (Node drops them with the uid) and without our environment, which holds secrets. */
export const spawnAs = (user: ServerUser | undefined) => ({
  cwd: '/',
  env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  ...(user && { uid: user.uid, gid: user.gid }),
});

/** Whether the user may enter a folder and make files in it, as the system itself says. */
export function canUse(user: ServerUser | undefined, folder: string): boolean {
  const script = 'cd -- "$1" && test -r . && test -w .';
  const { status } = spawnSync('/bin/sh', ['-c', script, 'sh', folder], {
    ...spawnAs(user),
    stdio: 'ignore',
  });
  return status === 0;
}
