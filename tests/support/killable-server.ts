import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

const main = path.join(import.meta.dirname, '../../server/src/main.ts');

/** A line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface KillableServer {
  readonly pid: number;
  /** Where it listens, once it does. Rejects with what it said if it ended before. */
  readonly ready: Promise<string>;
  /** How it ended: an exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly hasEnded: () => boolean;
  readonly log: readonly LogLine[];
  signal(name: NodeJS.Signals): void;
  /** `kill -9`, and waits until it is gone. */
  kill(): Promise<void>;
}

/**
 * Starts the server as `npm start` does, as a process of its own, and does not wait for it.
 * @param folder where it is started; a `vallum.yaml` there counts.
 * @param settings the environment's variables, beyond what every process needs.
 */
export function launchServer(folder: string, settings: Readonly<Record<string, string>>): KillableServer {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
    cwd: folder,
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const said: string[] = [];
  createInterface(child.stdout).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  let end: number | NodeJS.Signals | undefined;
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      end = signal ?? code ?? 0;
      resolve(end);
    });
  });
  const ready = new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      const url = /^Vallum .* is ready at (\S+)/.exec(line)?.[1];
      if (url) resolve(url);
    });
    ended.then(
      (how) => reject(new Error(`the server ended (${how}) before it was ready: ${said.join('\n')}`)),
      reject,
    );
  });
  // Who kills it before it is ready does not wait for that.
  ready.catch(() => {});
  return {
    pid: child.pid ?? 0,
    ready,
    ended,
    hasEnded: () => end !== undefined,
    log,
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
