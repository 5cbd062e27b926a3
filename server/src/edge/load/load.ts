/** Looks at the loop so often, as a share of the lag that is too much. */
const looks = 10;
/** So many late looks in a row are a load; a single one is a hiccup: a collection of garbage, a machine that was busy elsewhere. */
const inARow = 2;

export interface LoadLimits {
  /** By how much a timer of the event loop may be late, in ms. */
  readonly lagMs: number;
  /** Exchanges under way at once. */
  readonly running: number;
}

export interface Load {
  /** Whether what comes now would be served too late to be of use. */
  isTooMuch(running: number): boolean;
  start(): void;
  stop(): void;
}

/** How busy this process is. One timer; what asks pays for two comparisons. */
export function createLoad({ lagMs, running: most }: LoadLimits): Load {
  const everyMs = Math.max(1, Math.min(100, Math.floor(lagMs / looks)));
  let late = 0;
  let due = 0;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    const now = performance.now();
    late = now - due > lagMs ? late + 1 : 0;
    due = now + everyMs;
  }

  return {
    isTooMuch: (running) => running >= most || late >= inARow,
    start() {
      due = performance.now() + everyMs;
      timer = setInterval(look, everyMs).unref();
    },
    stop: () => clearInterval(timer),
  };
}
