import { Connection, type Outcome } from './connection.ts';
import type { Row } from './result-types.ts';
import { type Statement, sql } from './sql.ts';
import type { Target } from './target.ts';

/** The connection of who owns the schema, while a start prepares the database. Nobody's data passes here, so errors speak freely. */
export interface OwnerConnection {
  /** @throws DatabaseError, ConnectionLost */
  query(statement: Statement): Promise<Row[]>;
  /** Runs statements of our own as text. @throws DatabaseError with the position in it */
  script(text: string): Promise<void>;
  close(): Promise<void>;
}

const oldest = 15;
const connectTimeoutMs = 5_000;

function rowsOf(outcome: Outcome | undefined): Row[] {
  if (outcome && 'answer' in outcome) return outcome.answer.rows;
  throw outcome?.error ?? new Error('no answer');
}

/**
 * Opens the direct connection of the owner.
 * @throws Error when the server is older than PostgreSQL 15; DatabaseError, ConnectionLost when there is no connection.
 */
export async function connectAsOwner(target: Target): Promise<OwnerConnection> {
  const connection = await Connection.open(target, {
    applicationName: 'vallum owner',
    connectTimeoutMs,
    direct: true,
    // A role or a database may carry others: names in migrations must mean the same everywhere, and long ones must end.
    settings: { others: { search_path: 'public', statement_timeout: '0' } },
  });
  const owner: OwnerConnection = {
    query: async (statement) => rowsOf((await connection.send([statement], 0))[0]),
    script: (text) => connection.script(text),
    close: () => connection.close(),
  };
  try {
    const [row] = await owner.query(
      sql`SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major`,
    );
    if (Number(row?.major) < oldest)
      throw new Error(
        `the database server is PostgreSQL ${row?.version}; Vallum needs ${oldest} or later: upgrade it, or name another in VALLUM_DATABASE_URL`,
      );
  } catch (error) {
    await owner.close();
    throw error;
  }
  return owner;
}
