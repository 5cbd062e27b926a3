import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import { type ClusterHome, socketPort } from './cluster-home.ts';
import { lastWords, startLog } from './log-files.ts';
import { argumentsOf, identify, isRunning, type ProcessIdentity, signal } from './process-identity.ts';
import { settingsFile } from './server-settings.ts';
import { type ServerUser, spawnAs } from './server-user.ts';

const pollMs = 10;
/** `main.ts` must be down within ten seconds of SIGTERM; the checkpoint of a fast shutdown is most of this. */
export const patientStop = { fastMs: 5_000, immediateMs: 2_000 };
export const impatientStop = { fastMs: 500, immediateMs: 500 };

const pidFile = (home: ClusterHome): string => path.join(home.data, 'postmaster.pid');

const socketLock = (home: ClusterHome): string => path.join(home.sockets, `.s.PGSQL.${socketPort}.lock`);

/** The number in a lock file of PostgreSQL's, whoever has it now. */
function recordedPid(lockFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process was started as this cluster's postmaster. Its children overwrite their words; others never had these. */
function serves(pid: number, home: ClusterHome): boolean {
  const words = argumentsOf(pid);
  return words[words.indexOf('-D') + 1] === home.data;
}

/** The cluster's postmaster, if one runs: the pid file's number alone may be anybody's by now. */
export function findPostmaster(home: ClusterHome): ProcessIdentity | undefined {
  const pid = recordedPid(pidFile(home));
  const found = pid === undefined ? undefined : identify(pid);
  return found && serves(found.pid, home) ? found : undefined;
}

/**
 * Starts the cluster's server in a session of its own, so that a terminal's Ctrl-C does not reach it. It outlives us unless it
 * is stopped. Resolves when it runs; it may not answer yet.
 * @throws Error when it cannot be run.
 */
export async function launch(
  binaries: Binaries,
  home: ClusterHome,
  user: ServerUser | undefined,
): Promise<ProcessIdentity> {
  removeVoidLocks(home);
  const output = path.join(home.root, startLog);
  rmSync(output, { force: true });
  const descriptor = openSync(output, 'wx', 0o600);
  const args = ['-D', home.data, '-c', `config_file=${settingsFile(home)}`];
  const child = spawn(binaries.postgres, args, {
    ...spawnAs(user),
    detached: true,
    stdio: ['ignore', descriptor, descriptor],
  });
  closeSync(descriptor);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.unref();
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (!identity) throw ended(home);
  return identity;
}

/**
 * PostgreSQL takes any process with the number in its lock files for a server of its own: one that got the number after a
 * crash of the system, or a dead postmaster that a container without an init never buries. We hold the folder, so they
 * are void. The cluster's stays while somebody is at the shared memory that it names: by it, a new server notices those.
 */
function removeVoidLocks(home: ClusterHome): void {
  if (findPostmaster(home)) return;
  rmSync(socketLock(home), { force: true });
  const pid = recordedPid(pidFile(home));
  if (pid !== undefined && existsSync(`/proc/${pid}`) && attachedTo(home) === 0)
    rmSync(pidFile(home), { force: true });
}

/** How many processes use the shared memory that the pid file names in its seventh line (key, id). */
function attachedTo(home: ClusterHome): number {
  const id = readFileSync(pidFile(home), 'utf8').split('\n')[6]?.trim().split(/\s+/)[1];
  // proc(5): key, shmid, perms, size, cpid, lpid, nattch, …
  const segments = readFileSync('/proc/sysvipc/shm', 'utf8').split('\n');
  const segment = segments.map((line) => line.trim().split(/\s+/)).find((columns) => columns[1] === id);
  return Number(segment?.[6] ?? 0);
}

/** Whether a server that ended left its pid file, so that processes of it may still be at work. */
export const leftBehind = (home: ClusterHome): boolean => existsSync(pidFile(home));

/** The error for a server that ended by itself, with what it said. */
export function ended(home: ClusterHome): Error {
  const said = lastWords(home.logs) ?? lastWords(home.root) ?? 'it said nothing';
  return new Error(`the embedded PostgreSQL ended while it started: ${said} (see ${home.logs})`);
}

/** Stops a server: fast, then at once (which costs a recovery at the next start, and no data), then by force. */
export async function stopPostmaster(
  postmaster: ProcessIdentity,
  { fastMs, immediateMs }: { fastMs: number; immediateMs: number },
  log: (line: string) => void,
): Promise<void> {
  signal(postmaster, 'SIGINT');
  if (await goneWithin(postmaster, fastMs)) return;
  log(
    `the database server (process ${postmaster.pid}) did not stop in ${fastMs} ms: stopping it without a checkpoint`,
  );
  signal(postmaster, 'SIGQUIT');
  if (await goneWithin(postmaster, immediateMs)) return;
  log(`the database server (process ${postmaster.pid}) did not stop: killing it`);
  signal(postmaster, 'SIGKILL');
  await goneWithin(postmaster, immediateMs);
}

async function goneWithin(postmaster: ProcessIdentity, limitMs: number): Promise<boolean> {
  for (const until = performance.now() + limitMs; performance.now() < until; await sleep(pollMs))
    if (!isRunning(postmaster)) return true;
  return !isRunning(postmaster);
}
