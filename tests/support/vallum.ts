/**
 * A real Vallum: the process that `npm start` makes, on a folder and a port of its own. What a test learns of it, it learns as a user does:
 * from its replies, its files and what it prints.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** What `bootstrap.json` holds after the first start. */
export interface FirstSecrets {
  readonly adminEmail: string;
  readonly adminPassword: string;
  readonly adminKey: string;
  readonly apiKey: string;
  readonly developmentApiKey: string;
  readonly ledgerPublicKey: string;
}

export interface Vallum {
  /** Where it listens; another port after a restart. */
  readonly url: string;
  readonly data: string;
  readonly secrets: FirstSecrets;
  /** The process that serves, while there is one. */
  readonly pid: number;
  /** Everything that it has printed, over all its runs. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Sends a signal and waits for the end. @returns the exit code; null when the signal ended it */
  stop(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>;
  /** Starts it again on the same folder, after a stop. */
  start(): Promise<void>;
  /** Ends it and its database, and deletes its folders. Call it in `afterAll`. */
  remove(): Promise<void>;
}

export type Settings = Readonly<Record<string, unknown>>;

/** How a server is started. */
interface Launch {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where its data will be. */
  readonly data: string;
  /** What is deleted at the end. */
  readonly folder: string;
  /** Whom it runs as, where that is not us. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Whether it is a process group of its own, as in a terminal, whose signals then go to all of it. */
  readonly group?: boolean;
}

interface VallumOptions {
  /** The settings, as `vallum.yaml` holds them. */
  readonly settings?: Settings;
  /** A folder for everything, made by the test; else a new one in the system's temporary folder. */
  readonly folder?: string;
  /** By `npm start`, in a process group of its own: a signal reaches npm and all below it, as Ctrl-C in a terminal does. */
  readonly inTerminal?: boolean;
}

/** Starts may wait for a disk that others keep busy. */
const readyMs = 60_000;
const goneMs = 30_000;

/** From this tree. @throws Error with what it printed, when it does not get ready */
export function startVallum(options: VallumOptions = {}): Promise<Vallum> {
  const { settings = {}, folder = newFolder(), inTerminal = false } = options;
  const data = path.join(folder, 'data');
  makePassable(data);
  const config = path.join(folder, 'vallum.yaml');
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(settings));
  return launchVallum({
    command: inTerminal ? ['npm', 'start'] : [process.execPath, 'scripts/node.mjs', 'server/src/main.ts'],
    group: inTerminal,
    cwd: repository,
    env: environment({ VALLUM_DATA: data, VALLUM_PORT: '0', VALLUM_CONFIG: config }),
    data,
    folder,
  });
}

/** In any way. @throws Error with what it printed, when it does not get ready */
export async function launchVallum(launch: Launch): Promise<Vallum> {
  const { command, cwd, env, data, folder, user, group = false } = launch;
  const output = { stdout: '', stderr: '' };
  let child: ChildProcess | undefined;
  let url = '';
  const lastDefence = (): void => {
    signal('SIGKILL');
    const database = postmasterOf(clusterOf(data));
    if (database !== undefined) process.kill(database, 'SIGQUIT');
  };
  process.on('exit', lastDefence);

  function signal(name: NodeJS.Signals): void {
    if (!child?.pid || isOver(child)) return;
    process.kill(group ? -child.pid : child.pid, name);
  }

  async function start(): Promise<void> {
    const from = output.stderr.length;
    const [program, ...args] = command;
    child = spawn(program, args, { ...user, cwd, env, detached: group, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    for (const until = Date.now() + readyMs; ; await sleep(20)) {
      const ready = / is ready at (\S+) \(/.exec(output.stderr.slice(from));
      if (ready?.[1]) {
        url = ready[1];
        return;
      }
      if (isOver(child) || Date.now() > until)
        throw new Error(`Vallum did not get ready:\n${output.stderr.slice(from)}${output.stdout}`);
    }
  }

  async function stop(name: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (!child || isOver(child)) throw new Error('Vallum is not running');
    const over = once(child, 'close', { signal: AbortSignal.timeout(goneMs) });
    signal(name);
    const [code] = (await over) as [number | null];
    return code;
  }

  async function remove(): Promise<void> {
    process.off('exit', lastDefence);
    if (child && !isOver(child)) await stop('SIGKILL');
    await removeCluster(data);
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  const secrets = JSON.parse(readFileSync(path.join(data, 'bootstrap.json'), 'utf8')) as FirstSecrets;
  return {
    get url() {
      return url;
    },
    get pid() {
      return child?.pid ?? 0;
    },
    data,
    secrets,
    output,
    stop,
    start,
    remove,
  };
}

/** This process's environment without settings of Vallum's, of which it refuses those that it does not know. */
export const environment = (settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VALLUM_'))),
  ...settings,
});

const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

export function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vallum-e2e-'));
  makePassable(folder);
  return folder;
}

/** Root's database runs as another user, who must come through to the cluster. */
function makePassable(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  if (process.getuid?.() === 0) chmodSync(folder, 0o711);
}

/** The cluster of a data folder: in it, or where its pointer says. */
export function clusterOf(data: string): string {
  const pointer = path.join(data, 'postgres.location');
  return existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : path.join(data, 'postgres');
}

/** Ends the database server that a killed Vallum has left, and deletes its cluster. */
export async function removeCluster(data: string): Promise<void> {
  const cluster = clusterOf(data);
  const pid = postmasterOf(cluster);
  if (pid !== undefined) {
    // At once, without a checkpoint: nobody will read this cluster again.
    process.kill(pid, 'SIGQUIT');
    for (const until = Date.now() + goneMs; postmasterOf(cluster) === pid; await sleep(20))
      if (Date.now() > until) throw new Error(`the database server ${pid} of ${cluster} does not end`);
  }
  rmSync(cluster, { recursive: true, force: true });
}

/** The process id of the server that has this cluster open, if one has. */
function postmasterOf(cluster: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path.join(cluster, 'data', 'postmaster.pid'), 'utf8'), 10);
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    // The number alone may be anybody's by now.
    return words.includes(path.join(cluster, 'data')) ? pid : undefined;
  } catch {
    return undefined;
  }
}
