/** Sends requests over connections of its own, as many as it is told, each as soon as the last was answered. A process, so that its cost is nobody else's. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../report/statistics.ts';
import { MessageReader } from '../wire/message-reader.ts';
import type { Load, LoadResult } from './load.ts';

/** A request that has begun is waited for; longer than this, and the server hangs. */
const patienceMs = 30_000;

class Run {
  readonly load: Load;
  readonly bytes: Buffer;
  readonly times: number[] = [];
  readonly failures: Record<string, number> = {};
  readonly #until: number;
  all = 0;
  running = 0;
  sample = '';

  constructor(load: Load) {
    this.load = load;
    this.bytes = Buffer.from(load.request);
    this.#until = performance.now() + load.ms;
  }
  isOver(): boolean {
    return performance.now() >= this.#until;
  }
  /** @param began when the request was sent. */
  answered(began: number): void {
    const now = performance.now();
    this.all++;
    if (now < this.#until) this.times.push(now - began);
  }
  failed(reason: string): void {
    this.failures[reason] = (this.failures[reason] ?? 0) + 1;
  }
}

/** One connection: a request, its reply, the next request. */
function keepAsking(run: Run): Socket {
  const socket = connect({ host: '127.0.0.1', port: run.load.port, noDelay: true });
  let began = 0;
  let isSampled = false;
  let over = false;
  const end = (failure?: string): void => {
    if (over) return;
    over = true;
    if (failure) run.failed(failure);
    run.running--;
    socket.destroy();
  };
  const ask = (): void => {
    if (run.isOver()) {
      end();
      return;
    }
    began = performance.now();
    socket.write(run.bytes);
  };
  let isGood = true;
  const reader = new MessageReader({
    head(head) {
      isSampled = run.sample === '';
      isGood = head.startsWith('HTTP/1.1 200');
      if (!isGood) run.failed(head.slice(0, head.indexOf('\r\n')));
    },
    body(bytes) {
      if (isSampled) run.sample += bytes.toString('latin1');
    },
    end() {
      if (isGood) run.answered(began);
      // A server that refuses is not asked again and again: one refusal has ended the measurement.
      if (isGood) ask();
      else end();
    },
  });
  run.running++;
  socket.on('connect', ask);
  socket.on('data', (bytes) => {
    try {
      reader.push(bytes);
    } catch (error) {
      end((error as Error).message);
    }
  });
  socket.on('error', ({ message }) => end(message));
  socket.on('close', () => end('the server closed the connection'));
  return socket;
}

async function measure(load: Load): Promise<LoadResult> {
  const run = new Run(load);
  const began = performance.now();
  const sockets = Array.from({ length: load.connections }, () => keepAsking(run));
  await sleep(load.ms);
  const ms = performance.now() - began;
  for (const until = performance.now() + patienceMs; run.running > 0 && performance.now() < until; )
    await sleep(5);
  if (run.running > 0) run.failed('no answer');
  for (const socket of sockets) socket.destroy();
  const sorted = Float64Array.from(run.times).sort();
  return {
    completed: run.times.length,
    ms,
    all: run.all,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    failures: run.failures,
    sample: run.sample,
  };
}

process.on('message', async (load: Load) => process.send?.(await measure(load)));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
