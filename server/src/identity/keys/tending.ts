import type { Clock, Log, Service } from '../../kernel/index.ts';

interface TendingParts {
  /** Deletes what has expired. @returns how many keys are older than this and go on */
  readonly tend: (days: number) => Promise<number>;
  /** Days after which a key should be replaced. */
  readonly rotationDays: number;
  readonly clock: Clock;
  readonly log: Log;
}

const everyMs = 10 * 60_000;
const dayMs = 24 * 3_600_000;

/** Looks after credentials in the background: deletes those that ended, and reminds of keys that are old. */
export function createTending({ tend, rotationDays, clock, log }: TendingParts): Service & {
  /** Keys of the whole deployment that should be replaced, as they were last counted. */
  keysDue(): number;
} {
  let due = 0;
  let remindedMs = Number.NEGATIVE_INFINITY;
  let tending: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    try {
      due = await tend(rotationDays);
    } catch (error) {
      log.warn('credentials could not be looked after', { error });
      return;
    }
    if (due === 0 || clock.now() - remindedMs < dayMs) return;
    remindedMs = clock.now();
    log.warn('API keys are due for a rotation: GET /v1/keys says which, by rotation_due_at', { count: due });
  }
  const lookOn = (): void => {
    tending ??= look().finally(() => {
      tending = undefined;
    });
  };

  return {
    name: 'credentials',
    keysDue: () => due,
    async start() {
      lookOn();
      timer = setInterval(lookOn, everyMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await tending;
    },
  };
}
