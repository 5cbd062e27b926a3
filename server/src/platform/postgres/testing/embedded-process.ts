import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./run-embedded.ts', import.meta.url));

/** Another process that runs, or tries to run, an embedded server. */
export interface EmbeddedProcess {
  readonly pid: number;
  readonly lines: readonly string[];
  /** Resolves when it has said this. @throws Error when it ends without. */
  said(text: string): Promise<void>;
  /** Ends it without a chance to stop its server. */
  kill(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
}

/** Starts it. */
export function embeddedProcess(
  dataDir: string,
  settings: Readonly<Record<string, string>> = {},
): EmbeddedProcess {
  const args = ['--disable-warning=ExperimentalWarning', program, dataDir, JSON.stringify(settings)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of waiting) look();
  };
  let rest = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      wake();
    });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('close', wake);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return {
    pid: child.pid ?? 0,
    lines,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (lines.some((line) => line.includes(text))) resolve();
          else if (hasEnded(child)) reject(new Error(`it ended without saying ${text}: ${lines.join('; ')}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;
