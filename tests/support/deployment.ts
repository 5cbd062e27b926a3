import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type KillableServer, launchServer } from './killable-server.ts';
import { killAllIn, processesIn, signalProcess } from './processes.ts';

const secretNames = [
  'adminEmail',
  'adminPassword',
  'adminKey',
  'apiKey',
  'developmentApiKey',
  'ledgerPublicKey',
] as const;
export type FirstSecrets = Readonly<Record<(typeof secretNames)[number], string>>;

/** A data folder with its keys and settings, the servers that run on it, and the database below it. */
export interface Deployment {
  /** Holds everything; nothing else is in it. */
  readonly folder: string;
  readonly data: string;
  readonly keys: string;
  /** Starts a server and does not wait for it. */
  launch(environment?: Readonly<Record<string, string>>): KillableServer;
  /** The server that was launched last. */
  server(): KillableServer;
  /** What the first start wrote. @throws Error when it is not there, or not whole */
  secrets(): FirstSecrets;
  /** Where the database's files are. */
  cluster(): string;
  /** The database's first process, if it has one. */
  postmaster(): number | undefined;
  /** Every process of the database. */
  database(): number[];
  /** Kills the database's processes, all of them. */
  killDatabase(): void;
  /** The socket on which its database listens. */
  databaseSocket(): string;
  /** A URL by which another server reaches this database. @param host with its port, of a proxy before it. */
  databaseUrl(host?: string): string;
  /** Kills what runs, and removes the folder. */
  remove(): Promise<void>;
}

export interface DeploymentOptions {
  /** Settings, as `vallum.yaml` holds them. */
  readonly settings?: object;
  /** The environment of every server of it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the data goes, if not into the deployment's own folder. */
  readonly data?: string;
}

const prefix = 'vallum-chaos-';

/** A new deployment, not started, in a temporary folder that names this process. */
export function createDeployment({
  settings,
  environment = {},
  ...options
}: DeploymentOptions = {}): Deployment {
  const folder = mkdtempSync(path.join(tmpdir(), `${prefix}${process.pid}-`));
  const data = options.data ?? path.join(folder, 'data');
  const keys = path.join(folder, 'keys');
  const config = path.join(folder, 'vallum.yaml');
  // Root's database runs as another user, who must pass; then its files stay in here.
  chmodSync(folder, 0o711);
  mkdirSync(data, { mode: 0o711, recursive: true });
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(settings ?? {}));
  let server: KillableServer | undefined;

  const root = (): string => rootOf(data);
  const cluster = (): string => path.join(root(), 'data');
  const pidFile = (): string[] => readFileSync(path.join(cluster(), 'postmaster.pid'), 'utf8').split('\n');
  /** The fourth and the fifth line of the file: the port, and the folder of the socket. */
  const socket = (): string => path.join(pidFile()[4] ?? '', `.s.PGSQL.${pidFile()[3]}`);
  const database = (): number[] => processesIn(cluster()).map(({ pid }) => pid);

  return {
    folder,
    data,
    keys,
    launch(more = {}) {
      server = launchServer(folder, {
        VALLUM_CONFIG: config,
        VALLUM_DATA: data,
        VALLUM_KEYS: keys,
        VALLUM_PORT: '0',
        ...environment,
        ...more,
      });
      return server;
    },
    server() {
      if (!server) throw new Error('no server was launched');
      return server;
    },
    secrets() {
      const secrets = JSON.parse(readFileSync(path.join(data, 'bootstrap.json'), 'utf8')) as FirstSecrets;
      for (const name of secretNames)
        if (typeof secrets[name] !== 'string') throw new Error(`bootstrap.json has no ${name}`);
      return secrets;
    },
    cluster,
    postmaster() {
      if (!existsSync(path.join(cluster(), 'postmaster.pid'))) return undefined;
      const pid = Number(pidFile()[0]);
      return database().includes(pid) ? pid : undefined;
    },
    database,
    killDatabase() {
      for (const pid of database()) signalProcess(pid, 'SIGKILL');
    },
    databaseSocket: socket,
    databaseUrl(host) {
      const password = readFileSync(path.join(data, 'postgres.password'), 'utf8').trim();
      const at = host
        ? `${host}/vallum`
        : `localhost/vallum?host=${encodeURIComponent(path.dirname(socket()))}`;
      return `postgresql://vallum_owner:${encodeURIComponent(password)}@${at}`;
    },
    async remove() {
      const moved = root();
      await killAllIn(folder, data, moved);
      for (const each of [moved, data, folder]) rmSync(each, { recursive: true, force: true });
    },
  };
}

/** Where a data folder's cluster is: below it, or where a file in it says. */
function rootOf(data: string): string {
  const pointer = path.join(data, 'postgres.location');
  return existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : path.join(data, 'postgres');
}

/** Ends and removes what runs that were killed have left behind. */
export async function sweepDeployments(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    const folder = path.join(tmpdir(), name);
    const moved = rootOf(path.join(folder, 'data'));
    await killAllIn(folder, moved);
    for (const each of [moved, folder]) rmSync(each, { recursive: true, force: true });
  }
}
