import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../connection.ts';
import { sqlState } from '../database-error.ts';
import { sql } from '../sql.ts';
import type { Target } from '../target.ts';
import type { ClusterHome } from './cluster-home.ts';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

const firstRetryMs = 5;
const longestRetryMs = 100;
const connectTimeoutMs = 2_000;
/** Replay of the WAL after a crash; the server says that it is at it. */
const longestRecoveryMs = 600_000;
const reportEveryMs = 10_000;

/** SQLSTATE cannot_connect_now: it is there, and busy starting or stopping. */
const busy = '57P03';

/**
 * Connects to a server that is starting, or was left behind. One such connection is kept: its end is how we learn
 * that the server died.
 * @param silenceMs how long a server may not answer at all.
 * @returns undefined when the server has ended, or does not answer.
 * @throws DatabaseError when it answers and refuses us: its password is not ours.
 */
export async function connectWhenReady(
  postmaster: ProcessIdentity,
  target: Target,
  silenceMs: number,
  log: (line: string) => void,
): Promise<Connection | undefined> {
  const began = performance.now();
  let heard = began;
  let reported = began;
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(2 * retryMs, longestRetryMs)) {
    try {
      return await Connection.open(target, {
        applicationName: 'vallum watch',
        connectTimeoutMs: Math.min(connectTimeoutMs, silenceMs),
        direct: true,
      });
    } catch (error) {
      const state = sqlState(error);
      if (state !== undefined && state !== busy) throw error;
      const now = performance.now();
      if (state === busy) heard = now;
      if (!isRunning(postmaster) || now - heard > silenceMs || now - began > longestRecoveryMs)
        return undefined;
      if (now - reported > reportEveryMs) {
        log('the database server is recovering from a crash; this takes as long as it has changes to repeat');
        reported = now;
      }
      await sleep(retryMs);
    }
  }
}

/** Whether the server at the other end is the one that we would start: of this version, on these files. */
export async function isSame(connection: Connection, home: ClusterHome, version: string): Promise<boolean> {
  const [outcome] = await connection.send(
    [sql`SELECT current_setting('data_directory') AS data, current_setting('server_version') AS version`],
    connectTimeoutMs,
  );
  if (!outcome || !('answer' in outcome)) return false;
  const [row] = outcome.answer.rows;
  return row?.data === home.data && String(row.version).split(' ')[0] === version;
}
