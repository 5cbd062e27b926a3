import { hash } from 'node:crypto';
import { readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createFile } from './durable-file.ts';
import { identify } from './process-identity.ts';

const answerTimeoutMs = 1_000;

/** Gives the lock back. */
export type Unlock = () => Promise<void>;

const held = (folder: string, holder: string): Error =>
  new Error(
    `${folder} is in use by ${holder}: one Vallum runs per data folder; stop that process, or set VALLUM_DATA to another folder`,
  );

/**
 * Takes a folder for this process. The lock ends with the process, however it ends.
 * @param secret known to who may read the folder; without it another user of the machine could take the lock.
 * @throws Error that names the process that has it.
 */
export const lockFolder = (folder: string, secret: string): Promise<Unlock> =>
  process.platform === 'linux' ? lockBySocket(folder, secret) : lockByFile(folder);

/** By a name in the kernel (unix(7), abstract sockets): no file that could stay behind. */
export async function lockBySocket(folder: string, secret: string): Promise<Unlock> {
  // Device and number name the folder whichever way it was mounted.
  const { dev, ino } = statSync(folder);
  const name = `\0vallum-${hash('sha256', `${dev}:${ino}:${secret}`, 'hex')}`;
  const server = net.createServer((caller) => {
    caller.on('error', () => undefined);
    caller.end(String(process.pid));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: name, exclusive: true }, resolve);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const pid = await askHolder(name);
    throw held(
      folder,
      pid === undefined ? 'another process, which does not say its number' : `process ${pid}`,
    );
  }
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}

const askHolder = (name: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = net.connect(name);
    let text = '';
    const done = () => {
      socket.destroy();
      resolve(/^\d+$/.test(text) ? text : undefined);
    };
    socket.setTimeout(answerTimeoutMs, done);
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', done);
    socket.on('close', done);
  });

/** By a file with the number and start of its process, where the kernel has no such names. */
export async function lockByFile(folder: string): Promise<Unlock> {
  const file = path.join(realpathSync(folder), 'lock');
  const own = JSON.stringify(identify(process.pid));
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (createFile(file, own, 0o600)) return async () => rmSync(file, { force: true });
    const found = readHolder(file);
    if (found === undefined) continue;
    const { pid, startedAt } = found;
    if (identify(pid)?.startedAt === startedAt) throw held(folder, `process ${pid}`);
    // Its process is gone. Move it aside and look again: another start may have replaced it in between.
    const aside = `${file}.${process.pid}`;
    renameSync(file, aside);
    const moved = readHolder(aside);
    if (moved && (moved.pid !== pid || moved.startedAt !== startedAt)) {
      createFile(file, JSON.stringify(moved), 0o600);
      rmSync(aside, { force: true });
      throw held(folder, `process ${moved.pid}`);
    }
    rmSync(aside, { force: true });
  }
  throw new Error(`${file} keeps changing: several processes are starting on this folder; start one`);
}

function readHolder(file: string): { pid: number; startedAt: string } | undefined {
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; startedAt: string };
    return { pid, startedAt };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${file} is not readable as a lock: delete it if no Vallum runs on this folder`, {
      cause: error,
    });
  }
}
