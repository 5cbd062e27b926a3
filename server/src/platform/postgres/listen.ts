import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '../../kernel/index.ts';
import { Connection } from './connection.ts';
import { ConnectionLost } from './database-error.ts';
import { identifier, sql } from './sql.ts';
import type { Target } from './target.ts';

export interface ListenOptions {
  readonly target: Target;
  /** By channel: what to do with a payload. Must not throw. */
  readonly channels: Readonly<Record<string, (payload: string) => void>>;
  /** The connection is gone: notifications are being missed from here on. */
  readonly onLost?: () => void;
  /** Listening again. What was sent meanwhile never arrives: read the state anew. */
  readonly onReconnect?: () => void;
}

const connectTimeoutMs = 3_000;
const answerTimeoutMs = 3_000;
/** A connection can be dead without a word; this is how soon that shows. */
const heartbeatMs = 2_000;
const firstRetryMs = 50;
const longestRetryMs = 2_000;

/** Listens on a direct connection, and connects again for as long as it runs. `start` resolves once it hears. */
export function listen({ target, channels, onLost, onReconnect }: ListenOptions): Service {
  const stopping = new AbortController();
  let current: Connection | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let again: Promise<void> = Promise.resolve();

  async function ask(connection: Connection, statements: Parameters<Connection['send']>[0]): Promise<void> {
    for (const outcome of await connection.send(statements, answerTimeoutMs))
      if ('error' in outcome) throw outcome.error;
  }

  async function hear(): Promise<void> {
    const connection = await Connection.open(target, {
      applicationName: 'vallum listen',
      connectTimeoutMs,
      direct: true,
    });
    connection.onNotification = ({ channel, payload }) => channels[channel]?.(payload);
    try {
      await ask(
        connection,
        Object.keys(channels).map((channel) => sql`LISTEN ${identifier(channel)}`),
      );
      stopping.signal.throwIfAborted();
      if (connection.isLost) throw new ConnectionLost('lost at once');
    } catch (error) {
      connection.destroy(new ConnectionLost('not listening'));
      throw error;
    }
    current = connection;
    heartbeat = setInterval(() => {
      ask(connection, [sql`SELECT 1`]).catch(() => connection.destroy(new ConnectionLost('no heartbeat')));
    }, heartbeatMs).unref();
    connection.onLost = () => {
      clearInterval(heartbeat);
      current = undefined;
      if (stopping.signal.aborted) return;
      onLost?.();
      again = hearAgain();
    };
  }

  async function hearAgain(): Promise<void> {
    for (
      let delayMs = firstRetryMs;
      !stopping.signal.aborted;
      delayMs = Math.min(2 * delayMs, longestRetryMs)
    ) {
      try {
        await hear();
        onReconnect?.();
        return;
      } catch {
        await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  return {
    name: 'listen',
    start: hear,
    async stop() {
      stopping.abort();
      await again;
      clearInterval(heartbeat);
      await current?.close();
    },
  };
}
