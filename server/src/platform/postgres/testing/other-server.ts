import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { binariesAt, findBinaries } from '../embedded/binaries.ts';
import { prepareHome, socketPort } from '../embedded/cluster-home.ts';
import { initialise, superuser } from '../embedded/initialise.ts';
import { databaseName, ensureOwner, ownerUser } from '../embedded/owner.ts';
import { serverSettings } from '../embedded/server-settings.ts';
import { chooseServerUser } from '../embedded/server-user.ts';
import { createSupervisor } from '../embedded/supervisor.ts';
import type { Target } from '../target.ts';
import { removeDataFolder, temporaryDataFolder } from './data-folder.ts';
import { fastSettings } from './fast-settings.ts';

const debian = '/usr/lib/postgresql/15';

/** Whether Debian's PostgreSQL 15, the oldest that is supported, is installed here. */
export const hasDebianPostgres = existsSync(`${debian}/bin/postgres`);

/** A server beside the run's own. */
export interface OtherServer {
  readonly owner: Target;
  readonly superuser: Target;
  stop(): Promise<void>;
}

/** Runs one, prepared as the embedded one is: with an owner who is no superuser, and a database of theirs. */
export async function otherServer(options: {
  which: 'debian' | 'embedded';
  settings?: Readonly<Record<string, string>>;
  port?: number;
}): Promise<OtherServer> {
  const { which, settings = {}, port = socketPort } = options;
  const log = () => undefined;
  const systemDir = '/var/lib/vallum';
  const dataDir = temporaryDataFolder();
  const user = chooseServerUser({ configured: undefined, owner: undefined, log });
  const binaries =
    which === 'debian'
      ? binariesAt(debian, user)
      : await findBinaries({ user, cache: user ? systemDir : path.join(dataDir, 'binaries'), log });
  const home = prepareHome({ dataDir, systemDir, user, log });
  const password = randomBytes(16).toString('hex');
  await initialise({ binaries, home, user, password, sync: false });
  const target = { host: home.sockets, port, database: 'postgres', user: superuser, password };
  const text = serverSettings(home, binaries, { ...fastSettings, port: String(port), ...settings });
  const supervisor = createSupervisor({ binaries, home, user, target, settings: text, log });
  await ensureOwner(await supervisor.start(), target, password);
  return {
    owner: { ...target, user: ownerUser, database: databaseName },
    superuser: target,
    stop: async () => {
      await supervisor.stop();
      removeDataFolder(dataDir);
    },
  };
}
