import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';

export interface Commits {
  /** Resolves when an entry of its own is durable. */
  commit(): Promise<void>;
  /** How long each commit took since this was last asked, in ms. */
  takeTimes(): number[];
}

/** About what a sealed entry weighs. */
const entry = randomBytes(300);

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Group commit without a timer: if no commit is in flight, one starts at once; what arrives meanwhile goes in the next one. One statement and one row
 * for each batch, prepared, on one connection: as little as a durable commit can be.
 */
export async function createCommits(socketFolder: string, passwordFile: string): Promise<Commits> {
  const client = new pg.Client({
    host: socketFolder,
    user: 'vallum_owner',
    password: readFileSync(passwordFile, 'utf8').trim(),
    database: 'vallum',
  });
  await client.connect();
  await client.query('CREATE SCHEMA IF NOT EXISTS bench');
  await client.query(
    'CREATE TABLE IF NOT EXISTS bench.batch (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entries bytea NOT NULL)',
  );

  let waiting: Waiting[] = [];
  let inFlight = false;
  let times: number[] = [];

  async function run(): Promise<void> {
    inFlight = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const began = performance.now();
      try {
        await client.query({
          name: 'append',
          text: 'INSERT INTO bench.batch (entries) VALUES ($1)',
          values: [Buffer.concat(batch.map(() => entry))],
        });
        times.push(performance.now() - began);
        for (const each of batch) each.resolve();
      } catch (error) {
        for (const each of batch) each.reject(error);
      }
    }
    inFlight = false;
  }

  return {
    commit: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        if (!inFlight) void run();
      }),
    takeTimes() {
      const taken = times;
      times = [];
      return taken;
    },
  };
}
