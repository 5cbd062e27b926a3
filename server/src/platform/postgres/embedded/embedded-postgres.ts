import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Service } from '../../../kernel/index.ts';
import { findBinaries } from './binaries.ts';
import { type ClusterHome, prepareHome, recordedRoot, socketPort } from './cluster-home.ts';
import { createFile } from './durable-file.ts';
import { lockFolder, type Unlock } from './folder-lock.ts';
import { initialise, superuser } from './initialise.ts';
import { databaseName, ensureOwner, ownerUser } from './owner.ts';
import { serverSettings } from './server-settings.ts';
import { chooseServerUser } from './server-user.ts';
import { createSupervisor } from './supervisor.ts';

export interface EmbeddedOptions {
  /** Vallum's data folder. The cluster is below it, or where a file in it says. */
  readonly dataDir: string;
  /** Whom the server runs as when we are root and there is no user `postgres`. */
  readonly user?: string;
  readonly log: (line: string) => void;
  /** Where things go that the server's user cannot reach in the data folder. Only root needs it. */
  readonly systemDir?: string;
  /** Server settings that win over ours. For tests, which may trade durability for speed. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** How to connect; `host` of a client is the folder of the socket. */
export interface EmbeddedConnection {
  readonly socketDir: string;
  readonly port: number;
  readonly ownerUser: string;
  readonly ownerPassword: string;
  readonly database: string;
  /** Has the owner's password. For backups; never for work. */
  readonly superuser: string;
}

export interface EmbeddedPostgres extends Service {
  /** @throws Error before `start` has resolved. */
  connection(): EmbeddedConnection;
}

const passwordName = 'postgres.password';
const passwordBytes = 32;

/**
 * The PostgreSQL that comes with the npm packages, on a data folder of its own (ADR 0002). `start` makes the cluster, attaches
 * to a server that a dead parent left, or starts one, and keeps it running; errors say what to do. `stop` leaves none running.
 */
export function embeddedPostgres(options: EmbeddedOptions): EmbeddedPostgres {
  let running: { connection: EmbeddedConnection; stop: () => Promise<void> } | undefined;
  return {
    name: 'postgres',
    async start() {
      running = await startEmbedded(options);
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
    connection() {
      if (!running) throw new Error('the embedded PostgreSQL is not running');
      return running.connection;
    },
  };
}

async function startEmbedded({ dataDir, user: configured, log, settings = {}, ...options }: EmbeddedOptions) {
  const folder = prepareFolder(dataDir);
  const password = passwordOf(folder);
  const locks: Unlock[] = [await lockFolder(folder, password)];
  const unlock = async () => {
    for (const release of locks.reverse()) await release();
  };
  try {
    const systemDir = options.systemDir ?? '/var/lib/vallum';
    const files = path.join(recordedRoot(folder), 'data');
    const owner = existsSync(files) ? statSync(files).uid : undefined;
    const user = chooseServerUser({ configured, owner, log });
    const cache = user ? systemDir : path.join(folder, 'binaries');
    const binaries = await findBinaries({ user, cache, log });
    const home = prepareHome({ dataDir: folder, systemDir, user, log });
    // A folder elsewhere can be recorded in two data folders, when one is a copy of the other.
    if (!home.root.startsWith(`${folder}/`)) locks.push(await lockFolder(home.root, password));
    await initialise({ binaries, home, user, password, sync: settings.fsync !== 'off' });
    const target = { host: home.sockets, port: socketPort, database: 'postgres', user: superuser, password };
    const text = serverSettings(home, binaries, settings);
    const supervisor = createSupervisor({ binaries, home, user, target, settings: text, log });
    const watch = await supervisor.start();
    try {
      await ensureOwner(watch, target, password);
    } catch (error) {
      await supervisor.stop();
      throw error;
    }
    return {
      connection: connectionOf(home, password),
      stop: async () => {
        await supervisor.stop();
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

function prepareFolder(dataDir: string): string {
  mkdirSync(path.dirname(path.resolve(dataDir)), { recursive: true });
  if (!existsSync(dataDir)) {
    // The server's user must pass it, where that is another; what is secret in it has a mode of its own.
    mkdirSync(dataDir, { mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  }
  return realpathSync(dataDir);
}

/** The password of owner and superuser. It is on disk before there is a cluster that knows it. */
function passwordOf(folder: string): string {
  const file = path.join(folder, passwordName);
  const cluster = path.join(recordedRoot(folder), 'data');
  if (!existsSync(file)) {
    if (existsSync(cluster))
      throw new Error(
        `there is a database in ${cluster}, and its password is not in ${file}: bring that file back, or move the database away to begin with an empty one`,
      );
    createFile(file, randomBytes(passwordBytes).toString('base64url'), 0o600);
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}): run Vallum as the user that made the data folder, or set VALLUM_DATA to another`,
      { cause: error },
    );
  }
}

const connectionOf = (home: ClusterHome, password: string): EmbeddedConnection => ({
  socketDir: home.sockets,
  port: socketPort,
  ownerUser,
  ownerPassword: password,
  database: databaseName,
  superuser,
});
