import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../connection.ts';
import { ConnectionLost } from '../database-error.ts';
import type { Target } from '../target.ts';
import type { Binaries } from './binaries.ts';
import type { ClusterHome } from './cluster-home.ts';
import { replaceFile } from './durable-file.ts';
import { pruneLogs } from './log-files.ts';
import {
  ended,
  findPostmaster,
  impatientStop,
  launch,
  leftBehind,
  patientStop,
  stopPostmaster,
} from './postmaster.ts';
import { isRunning, type ProcessIdentity } from './process-identity.ts';
import { connectWhenReady, isSame } from './server-link.ts';
import { accessFile, accessRules, settingsFile } from './server-settings.ts';
import type { ServerUser } from './server-user.ts';

export interface ServerParts {
  readonly binaries: Binaries;
  readonly home: ClusterHome;
  readonly user: ServerUser | undefined;
  /** As the superuser, to any database. */
  readonly target: Target;
  /** The text of `postgresql.conf`. */
  readonly settings: string;
  readonly log: (line: string) => void;
}

/** A server that is kept running. */
export interface Supervisor {
  /** Attaches to the server that runs, or starts one. @returns the connection by which it is watched. */
  start(): Promise<Connection>;
  stop(): Promise<void>;
}

interface Server {
  readonly postmaster: ProcessIdentity;
  readonly link: Connection;
}

const attachSilenceMs = 3_000;
const startSilenceMs = 30_000;
/** Processes of a dead server finish the statement that they are at before they notice. */
const leftoversMs = 10_000;
/** How long a process that has closed its connections may take until it is gone. */
const endsWithinMs = 200;
const firstDelayMs = 100;
const longestDelayMs = 5_000;
/** A server that ran for so long has recovered: its next crash is a new story. */
const stableMs = 60_000;
const pruneEveryMs = 3_600_000;

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function createSupervisor({ binaries, home, user, target, settings, log }: ServerParts): Supervisor {
  const stopping = new AbortController();
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  const currentSettings = () =>
    existsSync(settingsFile(home)) && readFileSync(settingsFile(home), 'utf8') === settings;
  let link: Connection | undefined;
  let recovery: Promise<void> = Promise.resolve();
  let crashes = 0;
  let upAt = 0;
  const pruning = setInterval(() => pruneLogs(home.logs), pruneEveryMs).unref();

  /** The server that runs already, if it is as we would start it; else it is stopped. */
  async function attach(): Promise<Server | undefined> {
    const postmaster = findPostmaster(home);
    if (!postmaster) return undefined;
    if (!currentSettings()) {
      log(
        `stopping the database server that was left running (process ${postmaster.pid}): it has other settings`,
      );
      await stopPostmaster(postmaster, patientStop, log);
      return undefined;
    }
    const found = await connectWhenReady(postmaster, target, attachSilenceMs, log).catch(() => undefined);
    if (found && (await isSame(found, home, binaries.version))) return { postmaster, link: found };
    found?.destroy(new ConnectionLost('not the server that was expected'));
    if (!isRunning(postmaster)) return undefined;
    log(
      `stopping the database server that was left running (process ${postmaster.pid}): it ${found ? 'is of another version' : 'does not answer'}`,
    );
    await stopPostmaster(postmaster, found ? patientStop : impatientStop, log);
    return undefined;
  }

  async function startAnew(): Promise<Server> {
    pruneLogs(home.logs);
    replaceFile(settingsFile(home), settings, 0o644);
    replaceFile(accessFile(home), accessRules, 0o644);
    for (const until = performance.now() + leftoversMs; ; await pause(firstDelayMs)) {
      stopping.signal.throwIfAborted();
      const mayHaveLeftovers = leftBehind(home);
      const postmaster = await launch(binaries, home, user);
      const made = await connectWhenReady(postmaster, target, startSilenceMs, log);
      if (made) return { postmaster, link: made };
      if (isRunning(postmaster)) {
        await stopPostmaster(postmaster, impatientStop, log);
        throw new Error(`the embedded PostgreSQL was started and does not answer: see ${home.logs}`);
      }
      if (!mayHaveLeftovers || performance.now() > until) throw ended(home);
    }
  }

  async function bringUp(): Promise<Connection> {
    const server = (await attach()) ?? (await startAnew());
    if (stopping.signal.aborted || server.link.isLost)
      throw new Error('the embedded PostgreSQL ended at once');
    link = server.link;
    upAt = performance.now();
    server.link.onLost = () => {
      if (!stopping.signal.aborted) recovery = tellLoss(server.postmaster).then(recover);
    };
    return server.link;
  }

  async function tellLoss(postmaster: ProcessIdentity): Promise<void> {
    // A process that ends closes its connections first.
    if (isRunning(postmaster)) await pause(endsWithinMs);
    if (stopping.signal.aborted) return;
    log(
      isRunning(postmaster)
        ? `the database server (process ${postmaster.pid}) dropped its connections: one of its processes crashed, or was ended`
        : `the database server (process ${postmaster.pid}) ended: starting it again`,
    );
  }

  async function recover(): Promise<void> {
    crashes = performance.now() - upAt > stableMs ? 0 : crashes + 1;
    let delayMs = crashes === 0 ? 0 : Math.min(firstDelayMs * 2 ** (crashes - 1), longestDelayMs);
    while (!stopping.signal.aborted) {
      await pause(delayMs);
      try {
        await bringUp();
        log('the database server answers again');
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        delayMs = Math.min(Math.max(2 * delayMs, firstDelayMs), longestDelayMs);
        log(`the database server could not be started (${wordsOf(error)}): trying again in ${delayMs} ms`);
      }
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    clearInterval(pruning);
    await link?.close();
    // Twice: a recovery under way may have started one after the first look.
    for (const settled of [undefined, recovery]) {
      await settled;
      const postmaster = findPostmaster(home);
      if (postmaster) await stopPostmaster(postmaster, patientStop, log);
    }
  }

  return {
    async start() {
      try {
        return await bringUp();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}
