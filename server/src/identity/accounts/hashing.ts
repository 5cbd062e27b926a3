import { Fault } from '../../kernel/index.ts';

interface HashingLimits {
  /** Each takes 128 MiB, a thread of libuv's pool, which has four, and a core. */
  readonly atOnce: number;
  /** How many may wait. */
  readonly waiting: number;
  /** How many of those may come from one network, so that who sends many does not keep everybody else out. */
  readonly waitingOfOne: number;
}

/** Runs what hashes passwords, so many at a time and the rest in order: sign-ins can then neither fill the memory nor keep the path of requests from the cores. */
export interface Hashing {
  /** @throws Fault `rate-limited` where too many wait already */
  run<T>(network: string, work: () => Promise<T>): Promise<T>;
}

const againSeconds = 3;

export function createHashing({ atOnce, waiting, waitingOfOne }: HashingLimits): Hashing {
  let running = 0;
  const queue: (() => void)[] = [];
  const ofNetwork = new Map<string, number>();

  /** Resolves when it is this one's turn. */
  async function turn(network: string): Promise<void> {
    if (running < atOnce) {
      running += 1;
      return;
    }
    const own = ofNetwork.get(network) ?? 0;
    if (queue.length >= waiting || own >= waitingOfOne) {
      throw new Fault('rate-limited', {
        detail: 'Too many people are signing in at this moment: try again in a few seconds.',
        retryAfterSeconds: againSeconds,
      });
    }
    ofNetwork.set(network, own + 1);
    await new Promise<void>((resolve) => {
      queue.push(resolve);
    });
    const left = (ofNetwork.get(network) ?? 1) - 1;
    if (left > 0) ofNetwork.set(network, left);
    else ofNetwork.delete(network);
  }

  return {
    async run(network, work) {
      await turn(network);
      try {
        return await work();
      } finally {
        const next = queue.shift();
        // The place goes to who waits longest; nobody who comes meanwhile can take it.
        if (next) next();
        else running -= 1;
      }
    },
  };
}
