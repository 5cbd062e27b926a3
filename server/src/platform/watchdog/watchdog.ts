import { url as debuggerUrl } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import type { Service } from '../../kernel/index.ts';

/** The event loop says so often that it goes on, as a share of the stall that is too long. */
const beats = 10;

/** What both threads see. */
export interface Pulse {
  /** Counts up while the loop turns. */
  readonly beat: Int32Array;
  /** 1 while a debugger may be holding the loop. */
  readonly debugged: Int32Array;
}

export interface WatchdogData extends Pulse {
  readonly stallMs: number;
  readonly everyMs: number;
  readonly silent: boolean;
}

/**
 * Ends the process by SIGKILL, with a last log line, once its event loop has not turned for so long: what stalls it would hold up any milder signal too. A process that was
 * paused as a whole (a suspended machine, SIGSTOP) has not stalled.
 * @param stallMs from a tenth more than this on
 */
export function createWatchdog({ stallMs, silent }: { stallMs: number; silent: boolean }): Service {
  let timer: NodeJS.Timeout | undefined;
  let worker: Worker | undefined;
  return {
    name: 'watchdog',
    async start() {
      const beat = new Int32Array(new SharedArrayBuffer(4));
      const debugged = new Int32Array(new SharedArrayBuffer(4));
      const everyMs = Math.max(1, Math.floor(stallMs / beats));
      const workerData: WatchdogData = { beat, debugged, stallMs, everyMs, silent };
      const tick = (): void => {
        Atomics.store(debugged, 0, debuggerUrl() === undefined ? 0 : 1);
        Atomics.add(beat, 0, 1);
      };
      tick();
      timer = setInterval(tick, everyMs).unref();
      worker = new Worker(new URL('./watchdog-worker.ts', import.meta.url), {
        name: 'watchdog',
        workerData,
        env: {},
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
      });
      worker.unref();
    },
    async stop() {
      clearInterval(timer);
      await worker?.terminate();
    },
  };
}
