import {
  type Row,
  type Session,
  type Statement,
  sql,
  sqlState,
  type TransactionSession,
} from '../../platform/postgres/index.ts';
import type {
  Appended,
  Batch,
  Freeze,
  LedgerStore,
  LockedStore,
  Log,
  LogHead,
  StoredBatch,
} from '../ports.ts';

/** The advisory lock of `ledger_append`: whoever holds it is the only one who may put a batch at the end. */
const lock = sql`SELECT pg_advisory_xact_lock(7309940600000002)`.named('ledger_lock');

/** What `ledger_append` refuses with. */
const refusals: Readonly<Record<string, Exclude<Appended['kind'], 'done'>>> = {
  VL001: 'stale',
  VL002: 'fenced',
  VL003: 'closed',
  /** The primary key of entries; those of batches and tiles are held by the lock. */
  23505: 'duplicate',
};

interface StoreParts {
  /** The ledger's door, for appending only. */
  readonly appending: Session;
  /** The same door once more, so that reading and heartbeats do not take turns with commits. */
  readonly reading: Session;
}

/** The log in PostgreSQL, as the role that may insert and not change. */
export function postgresLedgerStore({ appending, reading }: StoreParts): LedgerStore {
  return {
    append: (batch) => append(appending, batch),
    locked: (work) => locked(appending, work),
    logs: async () => (await heads(reading, false)).reverse(),
    batchesFrom: (log, start, limit) => batchesFrom(reading, log, start, limit),
    async headsOf(writer, fromGlobal) {
      const rows = await reading.query(sql`
        SELECT b.heads FROM ledger_batches b JOIN ledger_logs l USING (log)
         WHERE b.writer = ${writer} AND l.base + b.next > ${fromGlobal} ORDER BY b.log, b.start`);
      return rows.map(({ heads: bytes }) => bytes as Buffer);
    },
    async tile(log, level, index) {
      const [row] = await reading.query(
        sql`SELECT hashes FROM ledger_tiles WHERE log = ${log} AND level = ${level} AND index = ${index}`,
      );
      return row?.hashes as Buffer | undefined;
    },
    async tileRoots(log, level, from, to) {
      const rows = await reading.query(
        sql`SELECT root FROM ledger_tiles WHERE log = ${log} AND level = ${level} AND index >= ${from} AND index < ${to} ORDER BY index`,
      );
      return Buffer.concat(rows.map(({ root }) => root as Buffer));
    },
    async commitments(log, from, to) {
      const rows = await reading.query(sql`
        SELECT start, commitments FROM ledger_batches
         WHERE log = ${log} AND next > ${from} AND start < ${to} ORDER BY start`);
      const [first] = rows;
      if (!first) return Buffer.alloc(0);
      const all = Buffer.concat(rows.map(({ commitments }) => commitments as Buffer));
      const skip = from - (first.start as number);
      return all.subarray(skip * 32, (skip + to - from) * 32);
    },
    async register(writer) {
      await reading.query(sql`INSERT INTO ledger_writers (writer) VALUES (${writer}) ON CONFLICT DO NOTHING`);
    },
    async heartbeat(writer) {
      const [row] = await reading.query(
        sql`UPDATE ledger_writers SET seen_at = now() WHERE writer = ${writer} AND fenced_at IS NULL
            RETURNING (SELECT epoch FROM control) AS epoch`.named('ledger_heartbeat'),
      );
      return row?.epoch as number | undefined;
    },
    async retire(writer) {
      await reading.query(sql`UPDATE ledger_writers SET stopped_at = now() WHERE writer = ${writer}`);
    },
    async fence(silentMs, dead) {
      // One that has stopped in order has left nothing open; one that nobody has recovered is given again.
      const silent = sql`fenced_at IS NULL AND stopped_at IS NULL
           AND (writer = ANY (${[...dead]}::uuid[]) OR seen_at < now() - ${silentMs}::int * interval '1 ms')`;
      const [found] = await reading.query(sql`SELECT writer FROM ledger_writers WHERE ${silent} LIMIT 1`);
      if (found) {
        await reading.transaction(async (tx) => {
          // A batch of theirs may be under way, past the look at the fence; what it leaves open is only seen after its end.
          await tx.query(lock);
          await tx.query(sql`UPDATE ledger_writers SET fenced_at = now() WHERE ${silent}`);
        });
      }
      const rows = await reading.query(sql`
        SELECT w.writer, b.open_from FROM ledger_writers w
          LEFT JOIN LATERAL (SELECT open_from FROM ledger_batches WHERE writer = w.writer ORDER BY log DESC, start DESC LIMIT 1) b ON true
         WHERE w.fenced_at IS NOT NULL AND w.recovered_at IS NULL`);
      return rows.map(({ writer, open_from: from }) => ({
        writer: writer as string,
        openFrom: (from as number | null) ?? undefined,
      }));
    },
    async recovered(writer) {
      await reading.query(sql`UPDATE ledger_writers SET recovered_at = now() WHERE writer = ${writer}`);
    },
  };
}

/** After a refusal the transaction is no good any more; what `work` made of the refusal is. */
async function locked<T>(appending: Session, work: (held: LockedStore) => Promise<T>): Promise<T> {
  let made: { value: T } | undefined;
  try {
    return await appending.transaction(async (tx) => {
      await tx.query(lock);
      let refused = false;
      const value = await work({
        async append(batch) {
          const result = await append(tx, batch);
          refused ||= result.kind !== 'done';
          return result;
        },
        batchesFrom: (log, start) => batchesFrom(tx, log, start, null),
        head: async () => (await heads(tx, true))[0],
        async begin({ log, origin, vkey, year, base }) {
          await tx.query(
            sql`INSERT INTO ledger_logs (log, origin, vkey, year, base) VALUES (${log}, ${origin}, ${vkey}, ${year}, ${base})`,
          );
        },
        async freeze(log, because, size) {
          await tx.query(
            sql`INSERT INTO ledger_freezes (log, because, size) VALUES (${log}, ${because}, ${size})`,
          );
        },
      });
      if (!refused) return value;
      made = { value };
      throw new Error('rolled back: a batch was refused');
    });
  } catch (error) {
    if (made) return made.value;
    throw error;
  }
}

type Reads = Pick<Session | TransactionSession, 'query'>;

async function append(session: Reads, { tiles, ...batch }: Batch): Promise<Appended> {
  try {
    const [row] = await session.query(appendStatement(batch, tiles));
    return { kind: 'done', controlEpoch: row?.epoch as number };
  } catch (error) {
    const refusal = refusals[sqlState(error) ?? ''];
    if (refusal) return { kind: refusal };
    throw error;
  }
}

const appendStatement = (b: Omit<Batch, 'tiles'>, tiles: Batch['tiles']): Statement =>
  sql`SELECT ledger_append(
    ${b.log}, ${b.start}, ${b.next}, ${b.writer}, ${b.openFrom ?? null}, ${b.root}, ${b.checkpoint},
    ${b.commitments}, ${b.heads}, ${b.records}, ${`{${b.recordBytes.join()}}`}, ${b.rows},
    ${`{${tiles.map(({ level }) => level).join()}}`}, ${`{${tiles.map(({ index }) => index).join()}}`},
    ${Buffer.concat(tiles.map(({ hashes }) => hashes))}, ${Buffer.concat(tiles.map(({ root }) => root))}) AS epoch`.named(
    'ledger_append',
  );

async function batchesFrom(
  session: Reads,
  log: number,
  start: number,
  limit: number | null,
): Promise<StoredBatch[]> {
  const rows = await session.query(sql`
    SELECT start, next, writer, root, checkpoint, commitments FROM ledger_batches
     WHERE log = ${log} AND start >= ${start} ORDER BY start LIMIT ${limit}`);
  return rows.map(batchOf);
}

const batchOf = (row: Row): StoredBatch => ({
  start: row.start as number,
  next: row.next as number,
  writer: row.writer as string,
  root: row.root as Buffer,
  checkpoint: row.checkpoint as string,
  commitments: row.commitments as Buffer,
});

/** Logs with their ends, newest first. */
async function heads(session: Reads, newestOnly: boolean): Promise<LogHead[]> {
  const rows = await session.query(sql`
    SELECT l.log, l.origin, l.vkey, l.year, l.base, f.because, b.start, b.next, b.writer, b.root, b.checkpoint, b.commitments
      FROM ledger_logs l
      LEFT JOIN ledger_freezes f USING (log)
      LEFT JOIN LATERAL (SELECT * FROM ledger_batches WHERE log = l.log ORDER BY next DESC LIMIT 1) b ON true
     ORDER BY l.log DESC LIMIT ${newestOnly ? 1 : null}`);
  return rows.map((row) => ({
    log: logOf(row),
    frozen: (row.because as Freeze | null) ?? undefined,
    last: row.next === null ? undefined : batchOf(row),
  }));
}

const logOf = (row: Row): Log => ({
  log: row.log as number,
  origin: row.origin as string,
  vkey: row.vkey as string,
  year: row.year as number,
  base: row.base as number,
});
