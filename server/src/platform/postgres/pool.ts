import { Fault } from '../../kernel/index.ts';
import { Connection, type ConnectOptions } from './connection.ts';
import { ConnectionLost, databaseFault } from './database-error.ts';
import type { Target } from './target.ts';

export interface PoolOptions extends ConnectOptions {
  /** Connections at most, at once. */
  readonly max: number;
  /** How long a caller waits for a free one. */
  readonly waitMs: number;
  /** How long an unused one is kept. */
  readonly idleMs: number;
}

export interface Pool {
  /**
   * Gives work a connection that nobody else has until it settles. One that comes back broken, or inside of a
   * transaction, is not given to anybody again.
   * @throws Fault `unavailable` when none is free in time or none can be made; and what work throws.
   */
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Refuses new work, waits for what runs, closes all. */
  close(): Promise<void>;
}

interface Idle {
  readonly connection: Connection;
  readonly sinceMs: number;
}

type Turn = Connection | 'open one' | Fault;

/** A pool of connections to one target. Makes them when needed; the last one returned is the first one used. */
export function createPool(target: Target, options: PoolOptions): Pool {
  const idle: Idle[] = [];
  const waiting: ((turn: Turn) => void)[] = [];
  /** Made and being made. */
  let total = 0;
  let closed = false;
  let drained: (() => void) | undefined;

  /** One connection less: whoever waits longest may make another. */
  function gone(): void {
    total -= 1;
    const next = closed ? undefined : waiting.shift();
    if (next) {
      total += 1;
      next('open one');
    } else if (total === 0) drained?.();
  }

  function retire(connection: Connection): void {
    connection.close().then(gone, gone);
  }

  const sweep = setInterval(() => {
    const oldest = performance.now() - options.idleMs;
    const keep = idle.findIndex(({ sinceMs }) => sinceMs > oldest);
    for (const { connection } of idle.splice(0, keep < 0 ? idle.length : keep)) retire(connection);
  }, options.idleMs).unref();

  function giveBack(connection: Connection): void {
    if (!connection.reusable) {
      connection.destroy(new ConnectionLost('not reusable'));
      gone();
      return;
    }
    const next = waiting.shift();
    if (next) next(connection);
    else if (closed) retire(connection);
    else {
      const entry: Idle = { connection, sinceMs: performance.now() };
      connection.onLost = () => {
        idle.splice(idle.indexOf(entry), 1);
        gone();
      };
      idle.push(entry);
    }
  }

  async function make(): Promise<Connection> {
    try {
      return await Connection.open(target, options);
    } catch (error) {
      gone();
      throw databaseFault(error);
    }
  }

  const turn = (): Promise<Turn> =>
    new Promise((resolve) => {
      const take = (given: Turn) => {
        clearTimeout(timer);
        resolve(given);
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(take), 1);
        resolve(
          new Fault('unavailable', {
            because: `all ${options.max} database connections were busy for ${options.waitMs} ms`,
          }),
        );
      }, options.waitMs);
      waiting.push(take);
    });

  async function take(): Promise<Connection> {
    if (closed) throw new Fault('unavailable', { because: 'the database pool is closed' });
    const free = idle.pop();
    if (free) {
      free.connection.onLost = undefined;
      return free.connection;
    }
    if (total < options.max) {
      total += 1;
      return await make();
    }
    const given = await turn();
    if (given instanceof Fault) throw given;
    return given === 'open one' ? await make() : given;
  }

  return {
    async use(work) {
      const connection = await take();
      try {
        return await work(connection);
      } finally {
        giveBack(connection);
      }
    },
    async close() {
      closed = true;
      clearInterval(sweep);
      for (const give of waiting.splice(0))
        give(new Fault('unavailable', { because: 'the database pool is closed' }));
      for (const { connection } of idle.splice(0)) retire(connection);
      if (total > 0)
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
    },
  };
}
