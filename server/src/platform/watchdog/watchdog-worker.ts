import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { WatchdogData } from './watchdog.ts';

watch(workerData as WatchdogData);

function watch({ beat, debugged, stallMs, everyMs, silent }: WatchdogData): never {
  const alarm = new Int32Array(new SharedArrayBuffer(4));
  let seen = Atomics.load(beat, 0);
  let quietMs = 0;
  for (let before = performance.now(); ; ) {
    // Nobody wakes it: it sleeps without an event loop of its own, which nothing can hold up.
    Atomics.wait(alarm, 0, 0, everyMs);
    const now = performance.now();
    // When this thread did not run either, the whole process was paused.
    quietMs += Math.min(now - before, 2 * everyMs);
    before = now;
    const beaten = Atomics.load(beat, 0);
    if (beaten !== seen || Atomics.load(debugged, 0) === 1) quietMs = 0;
    seen = beaten;
    if (quietMs > stallMs) endProcess(stallMs, silent);
  }
}

function endProcess(stallMs: number, silent: boolean): void {
  const line = {
    level: 'error',
    time: new Date().toISOString(),
    ms: stallMs,
    event: 'the process ends: its event loop has done nothing for so long',
  };
  try {
    if (!silent) writeSync(1, `${JSON.stringify(line)}\n`);
  } catch {
    // Nobody reads it; what matters comes next.
  }
  process.kill(process.pid, 'SIGKILL');
}
