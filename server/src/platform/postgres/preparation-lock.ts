import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnerConnection } from './owner-connection.ts';
import { sql } from './sql.ts';

/** "vallum" in ASCII: the advisory lock of who prepares a database. Others use other numbers. */
const lockKey = 0x76616c6c756dn;
const retryMs = 100;
const longestWaitMs = 120_000;

/**
 * Runs work while no other process prepares this database. The lock belongs to the session, so it goes with a process that dies.
 * It is asked for again and again rather than waited for: a session that waits holds a snapshot, and an index built
 * concurrently by the holder would wait for that.
 * @throws Error when another process has it for two minutes.
 */
export async function whilePreparing<T>(owner: OwnerConnection, work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + longestWaitMs;
  for (;;) {
    const [row] = await owner.query(sql`SELECT pg_try_advisory_lock(${lockKey}) AS locked`);
    if (row?.locked === true) break;
    if (performance.now() > giveUpAt)
      throw new Error(
        'another process has been preparing this database for two minutes: wait for it, or end it, and start again',
      );
    await sleep(retryMs);
  }
  try {
    return await work();
  } finally {
    // When the connection is what failed, the lock is gone with it.
    await owner.query(sql`SELECT pg_advisory_unlock(${lockKey})`).catch(() => undefined);
  }
}
