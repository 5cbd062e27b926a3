import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A server under measurement, or what measures it, as a process. */
export interface Child {
  readonly pid: number;
  /** Where it listens, if it does. */
  readonly port: number;
  /** Sends a message and waits for the next one. @throws Error when it ends instead */
  ask<Answer>(message: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

const readyMs = 30_000;
const goneMs = 5_000;

/** A program of the bench itself, that says over its channel when it is ready. @throws Error with what it printed when it does not get there */
export async function startProgram(file: string, args: readonly string[] = []): Promise<Child> {
  const program = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const child = fork(program, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const own = adopt(child, file);
  const { port = 0 } = await own.answer<{ port?: number }>();
  return {
    pid: own.pid,
    port,
    ask<Answer>(message: unknown) {
      const answer = own.answer<Answer>();
      child.send(message as object);
      return answer;
    },
    stop: own.stop,
  };
}

/** Somebody else's server, that is ready when its port answers. Its first argument after `args` is the port. */
export async function startServer(
  file: string,
  argsFor: (port: number) => readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Child> {
  const port = await freePort();
  const child = spawn(process.execPath, [file, ...argsFor(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  const own = adopt(child, file);
  for (const until = Date.now() + readyMs; !(await answers(port)); await sleep(50))
    if (Date.now() > until || child.exitCode !== null) {
      await own.stop();
      throw new Error(`${file} does not listen on port ${port}`);
    }
  return {
    pid: own.pid,
    port,
    ask: () => Promise.reject(new Error(`${file} has no channel`)),
    stop: own.stop,
  };
}

/** Whatever happens to this process, its children end with it. */
function adopt(child: ChildProcess, name: string) {
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  child.on('error', () => {});
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    async answer<Answer>(): Promise<Answer> {
      const stop = new AbortController();
      const over = once(child, 'exit', { signal: stop.signal }).then(() => {
        throw new Error(`${name} ended`);
      });
      const message = once(child, 'message', { signal: stop.signal });
      try {
        return (await Promise.race([message, over]))[0] as Answer;
      } finally {
        stop.abort();
        await Promise.allSettled([message, over]);
      }
    },
    async stop(): Promise<void> {
      process.off('exit', kill);
      if (isOver()) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(kill, goneMs);
      await gone;
      clearTimeout(timer);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
