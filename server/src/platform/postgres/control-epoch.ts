import type { Control, Service } from '../../kernel/index.ts';
import { Connection } from './connection.ts';
import { ConnectionLost } from './database-error.ts';
import { listen } from './listen.ts';
import { sql } from './sql.ts';
import type { Target } from './target.ts';
import { single } from './transaction.ts';

/** How often the database is asked, and how long it may take to answer. */
const everyMs = 250;
const answerMs = 500;
const connectMs = 2_000;
/** Since the last answered question was sent: longer, and a restriction may have been missed. */
const confirmedMs = 750;

const epochNow = sql`SELECT epoch FROM control`.named('control_epoch');

export interface ControlEpoch extends Control, Service {
  /** Where somebody else has read the epoch to be: in the answer to a commit. */
  learn(epoch: number): void;
}

interface ControlEpochOptions {
  /** A direct one: who listens needs a server process of their own. */
  readonly target: Target;
  /** The epoch has moved. Called before anybody can see the new generation, so that what is forgotten here is not believed in it. Must not throw. */
  readonly onMoved: () => void;
}

/**
 * Follows the control epoch by notifications, and by asking on another connection, whether or not the first hears anything (ADR 13). `start` resolves when both work.
 * Answers may overtake each other and a restored database may go back, so every difference is a movement.
 */
export function watchControlEpoch({ target, onMoved }: ControlEpochOptions): ControlEpoch {
  let epoch: number | undefined;
  let generation = 1;
  let confirmedAt = Number.NEGATIVE_INFINITY;
  let connection: Connection | undefined;
  let asking: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  function learn(now: number): void {
    if (now === epoch) return;
    const isFirst = epoch === undefined;
    epoch = now;
    if (isFirst) return;
    generation++;
    onMoved();
  }

  async function question(): Promise<void> {
    try {
      connection ??= await Connection.open(target, {
        applicationName: 'vallum control',
        connectTimeoutMs: connectMs,
        direct: true,
        settings: { statementTimeoutMs: answerMs },
      });
      // What was committed before this moment is in the answer, however long that takes.
      const sentAt = performance.now();
      const [row] = (await single(connection, epochNow, answerMs)).rows;
      if (typeof row?.epoch !== 'number') throw new ConnectionLost('the database has no control epoch');
      learn(row.epoch);
      confirmedAt = sentAt;
    } catch (error) {
      connection?.destroy(new ConnectionLost('the control epoch was not told'));
      connection = undefined;
      throw error;
    }
  }

  const ask = (): Promise<void> => {
    asking ??= question().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  /** What goes wrong shows in `confirmed`. */
  const askOn = (): void => void ask().catch(() => {});

  const hearing = listen({
    target,
    channels: { control_epoch: (payload) => learn(Number(payload)) },
    onReconnect: askOn,
  });

  return {
    name: 'control epoch',
    learn,
    generation: () => generation,
    confirmed: () => performance.now() - confirmedAt <= confirmedMs,
    async start() {
      await hearing.start();
      try {
        await ask();
      } catch (error) {
        await hearing.stop();
        throw error;
      }
      timer = setInterval(askOn, everyMs);
    },
    async stop() {
      clearInterval(timer);
      await asking?.catch(() => {});
      await hearing.stop();
      await connection?.close();
    },
  };
}
