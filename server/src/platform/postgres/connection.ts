import pg from 'pg';
import { ConnectionLost } from './database-error.ts';
import { type Row, resultTypes } from './result-types.ts';
import type { Statement } from './sql.ts';
import type { Target } from './target.ts';

/** What a statement came back with. */
export interface Answer {
  /** The first word of the command tag: `SELECT`, `COMMIT`. */
  readonly command: string;
  readonly rows: Row[];
  readonly rowCount: number;
  /** The server warned before it answered: a commit that says so may not have reached a synchronous replica. */
  readonly warned: boolean;
}

/** The answer to one statement of several, or what it failed with. */
export type Outcome = { readonly answer: Answer } | { readonly error: Error };

export type TransactionWord = 'BEGIN' | 'COMMIT' | 'ROLLBACK';

/** Settings of a session. Only for direct connections: a pooler refuses them at connection, or gives them to somebody else. */
export interface SessionSettings {
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  readonly idleInTransactionTimeoutMs?: number;
  /** Others, by their names. Values are code, never input. */
  readonly others?: Readonly<Record<string, string>>;
}

export interface ConnectOptions {
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** Whether this reaches a server process of its own: it may have session settings and named statements. */
  readonly direct: boolean;
  readonly settings?: SessionSettings;
}

interface Notification {
  readonly channel: string;
  readonly payload: string;
}

/** `warning` itself, and "replication was not awaited because of a shutdown": the only ones that can say so at a commit. */
const doubtful = new Set(['01000', '57P01']);
/** A plan whose tables changed, or a name the server lost: that session cannot be used with names any more. */
const staleNames = new Set(['0A000', '26000']);
const keepAliveAfterMs = 10_000;
const goodbyeMs = 1_000;

const lost = (message: string, cause?: unknown): ConnectionLost => new ConnectionLost(message, { cause });

function failure(error: Error): Error {
  if (error instanceof pg.DatabaseError || error.name === 'UnreadableValue') return error;
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof ConnectionLost
    ? error
    : lost(`no connection to PostgreSQL${code === undefined ? '' : ` (${code})`}`, error);
}

const startupOptions = ({ others = {} }: SessionSettings): string =>
  Object.entries({ TimeZone: 'UTC', DateStyle: 'ISO', ...others })
    // Manual, "options": a backslash escapes a space within a value.
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`)
    .join(' ');

const milliseconds = <K extends string>(key: K, value: number | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [_ in K]?: number };

function clientOf(target: Target, options: ConnectOptions): pg.Client {
  const { settings = {} } = options;
  return new pg.Client({
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.user,
    password: target.password,
    ssl: target.tls ?? false,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    pipeline: true,
    types: resultTypes as pg.CustomTypesConfig,
    ...(options.direct && {
      options: startupOptions(settings),
      ...milliseconds('statement_timeout', settings.statementTimeoutMs),
      ...milliseconds('lock_timeout', settings.lockTimeoutMs),
      ...milliseconds('idle_in_transaction_session_timeout', settings.idleInTransactionTimeoutMs),
    }),
  });
}

/**
 * One connection, for one user at a time. What is sent together goes out in one write; each statement is answered in
 * order, also after one of them failed. Nothing here retries.
 */
export class Connection {
  readonly #client: pg.Client;
  readonly #direct: boolean;
  readonly #names = new Map<string, string>();
  #lost: Error | undefined;
  #stale = false;
  #warned = false;
  #cutBy: ConnectionLost | undefined;
  /** Called once when the connection ends without `close`. */
  onLost: ((error: Error) => void) | undefined;
  onNotification: ((notification: Notification) => void) | undefined;

  private constructor(client: pg.Client, direct: boolean) {
    this.#client = client;
    this.#direct = direct;
    client.on('error', (error) => this.#end(failure(error)));
    client.on('end', () => this.#end(lost('PostgreSQL closed the connection')));
    client.on('notice', ({ severity, code }) => {
      if (severity === 'WARNING' && doubtful.has(code ?? '')) this.#warned = true;
    });
    client.on('notification', ({ channel, payload = '' }) => this.onNotification?.({ channel, payload }));
  }

  /** @throws DatabaseError or ConnectionLost; within `connectTimeoutMs`. */
  static async open(target: Target, options: ConnectOptions): Promise<Connection> {
    const client = clientOf(target, options);
    const connection = new Connection(client, options.direct);
    try {
      await client.connect();
    } catch (error) {
      const why = failure(error as Error);
      connection.destroy(lost('the connection was not made'));
      throw why;
    }
    return connection;
  }

  /** Whether another user may have it: it is connected, and in no transaction. */
  get reusable(): boolean {
    return this.#lost === undefined && !this.#stale && this.#client.getTransactionStatus() === 'I';
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Whether the last answer left a transaction open, failed or not. */
  get inTransaction(): boolean {
    return this.#client.getTransactionStatus() !== 'I';
  }

  /**
   * Sends statements in one write and resolves when each has an outcome; never rejects for what the server says.
   * @param timeoutMs after which the connection is cut, and what has no answer fails; 0 for never.
   * @throws TypeError when a name stands for another text already; then nothing was sent.
   */
  async send(requests: readonly (Statement | TransactionWord)[], timeoutMs: number): Promise<Outcome[]> {
    const configs = requests.map((request) => this.#config(request));
    return await new Promise((resolve) => {
      const outcomes = new Array<Outcome | undefined>(configs.length);
      let open = configs.length;
      const timer =
        timeoutMs > 0
          ? setTimeout(() => this.destroy(lost(`PostgreSQL did not answer in ${timeoutMs} ms`)), timeoutMs)
          : undefined;
      const settle = (index: number, outcome: Outcome) => {
        if (outcomes[index]) return;
        outcomes[index] = outcome;
        open -= 1;
        if (open > 0) return;
        clearTimeout(timer);
        resolve(outcomes as Outcome[]);
      };
      const { stream } = this.#client.connection;
      stream.cork();
      for (const [index, config] of configs.entries()) {
        void this.#client.query(config, (error: Error | null | undefined, result: pg.QueryResult) => {
          const warned = this.#warned;
          this.#warned = false;
          if (error) settle(index, { error: this.#failed(error) });
          else settle(index, { answer: answerOf(result, warned) });
        });
      }
      stream.uncork();
      if (open === 0) resolve([]);
    });
  }

  /**
   * Runs a script of several statements, of code that is ours: a migration. Without a time limit.
   * @throws DatabaseError as the server sent it, with its position in the text.
   */
  async script(text: string): Promise<void> {
    try {
      await this.#client.query(text);
    } catch (error) {
      throw this.#failed(error as Error);
    }
  }

  /** Says goodbye after what was sent is answered, or cuts when the server does not hang up. */
  async close(): Promise<void> {
    this.onLost = undefined;
    const timer = setTimeout(() => this.destroy(lost('the connection was closed')), goodbyeMs);
    await this.#client.end();
    clearTimeout(timer);
  }

  /** Cuts the connection; what has no answer fails with `why`. */
  destroy(why: ConnectionLost): void {
    this.#cutBy ??= why;
    this.#client.connection.stream.destroy();
  }

  #config(request: Statement | TransactionWord): pg.QueryConfig & { queryMode?: 'extended' } {
    if (typeof request === 'string') return { text: request };
    const config = { text: request.text, values: request.values as (string | Buffer | null)[] };
    if (!this.#direct || request.name === undefined) return { ...config, queryMode: 'extended' };
    // The driver would leave such a statement out, and send those behind it, COMMIT included.
    if ((this.#names.get(request.name) ?? request.text) !== request.text)
      throw new TypeError(`the statement name ${request.name} stands for two texts`);
    this.#names.set(request.name, request.text);
    return { ...config, name: request.name };
  }

  #failed(error: Error): Error {
    if (error instanceof pg.DatabaseError && staleNames.has(error.code ?? '')) this.#stale = true;
    return error instanceof pg.DatabaseError ? error : (this.#cutBy ?? failure(error));
  }

  #end(error: Error): void {
    if (this.#lost) return;
    this.#lost = this.#cutBy ?? error;
    this.#client.connection.stream.destroy();
    this.onLost?.(this.#lost);
  }
}

const answerOf = (result: pg.QueryResult, warned: boolean): Answer => ({
  command: result.command ?? '',
  rows: result.rows as Row[],
  rowCount: result.rowCount ?? 0,
  warned,
});
