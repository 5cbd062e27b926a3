import { Fault, type Service } from '../../kernel/index.ts';
import { Connection, type SessionSettings } from './connection.ts';
import { ConnectionLost, databaseFault } from './database-error.ts';
import type { Row } from './result-types.ts';
import type { Statement } from './sql.ts';
import type { Target } from './target.ts';
import { interact, single, type TransactionSession } from './transaction.ts';

/**
 * What may be done on a connection of one's own. Calls run one after another, so work inside of a transaction uses what it
 * was given: a call of the session would wait for its own end.
 */
export interface Session {
  /**
   * Runs one statement, which is its own transaction, in one round trip. A named one is prepared once per connection.
   * @throws Fault; after one for which `outcomeIsUnknown`, its work may be committed.
   */
  query(statement: Statement): Promise<Row[]>;
  /**
   * Runs work in a transaction and commits when it resolves; rolls back when it rejects.
   * @throws what work throws; Fault when the commit failed, and then `outcomeIsUnknown` says whether that is certain.
   */
  transaction<T>(work: (transaction: TransactionSession) => Promise<T>): Promise<T>;
}

/** A session that connects again after a loss. What was under way fails; what comes next finds a new connection. */
export interface DirectSession extends Session, Service {}

export interface DirectSessionOptions {
  readonly name: string;
  readonly target: Target;
  /** How long the server works on one statement. */
  readonly statementTimeoutMs: number;
  /** How long a statement waits for a lock, advisory ones included. */
  readonly lockTimeoutMs: number;
  /** How long the server lets a transaction stand still before it ends the session. */
  readonly idleInTransactionMs: number;
  readonly connectTimeoutMs?: number;
  /**
   * Runs on each new connection before anything else, the first one too: what must be checked again after a loss.
   * When it rejects, the connection is closed, and who needed it gets the rejection.
   */
  readonly whenConnected?: (session: Session) => Promise<void>;
}

const graceMs = 1_000;
/** A server that still waits for a client that is gone: it looks after this long, and TCP gives up after that. */
const presence = { client_connection_check_interval: '1000', tcp_user_timeout: '3000' };

/** A session on one direct connection, never through a pooler. */
export function createDirectSession(options: DirectSessionOptions): DirectSession {
  const { name, target, statementTimeoutMs, lockTimeoutMs, whenConnected } = options;
  const timeoutMs = statementTimeoutMs + graceMs;
  const settings: SessionSettings = {
    statementTimeoutMs,
    lockTimeoutMs,
    idleInTransactionTimeoutMs: options.idleInTransactionMs,
    others: presence,
  };
  let current: Connection | undefined;
  let stopped = false;
  let tail: Promise<unknown> = Promise.resolve();

  const on = (connection: Connection): Session => ({
    query: async (statement) => (await single(connection, statement, timeoutMs)).rows,
    transaction: (work) => interact(connection, work, timeoutMs),
  });

  async function connect(): Promise<Connection> {
    const connectTimeoutMs = options.connectTimeoutMs ?? 3_000;
    const opened = await Connection.open(target, {
      applicationName: `vallum ${name}`,
      connectTimeoutMs,
      direct: true,
      settings,
    }).catch((error: unknown) => {
      throw databaseFault(error);
    });
    try {
      await whenConnected?.(on(opened));
    } catch (error) {
      opened.destroy(new ConnectionLost('refused after it was made'));
      throw error;
    }
    return opened;
  }

  async function session(): Promise<Session> {
    if (stopped) throw new Fault('unavailable', { because: `the ${name} session is closed` });
    if (current && !current.reusable) {
      current.destroy(new ConnectionLost('not reusable'));
      current = undefined;
    }
    current ??= await connect();
    return on(current);
  }

  /**
   * One after another: an interactive transaction has the connection alone. While the server says nothing, each would wait for the
   * limits of all before it; so who has waited for one limit is refused when its turn comes.
   */
  function inTurn<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const latest = performance.now() + timeoutMs;
    const result = tail
      .then(() => {
        if (performance.now() > latest)
          throw new Fault('unavailable', { because: `the ${name} session was busy for ${timeoutMs} ms` });
        return session();
      })
      .then(work);
    tail = result.catch(() => undefined);
    return result;
  }

  return {
    name,
    query: (statement) => inTurn((own) => own.query(statement)),
    transaction: (work) => inTurn((own) => own.transaction(work)),
    async start() {
      await inTurn(async () => undefined);
    },
    async stop() {
      stopped = true;
      await tail;
      await current?.close();
      current = undefined;
    },
  };
}
