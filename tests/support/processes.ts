import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What proc(5) says of processes. Only on Linux is there such a thing. */
export const hasProcessTable = process.platform === 'linux';

export interface FoundProcess {
  readonly pid: number;
  readonly parent: number;
  /** The folder that it works in. */
  readonly folder: string;
}

/** Every process that works in one of these folders, or below it. PostgreSQL's work in the cluster's. */
export function processesIn(...folders: readonly string[]): FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const found = processOf(Number(name));
      return found && folders.some((folder) => `${found.folder}/`.startsWith(`${folder}/`)) ? [found] : [];
    });
}

function processOf(pid: number): FoundProcess | undefined {
  try {
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // What follows the name in parentheses: the state, and the parent.
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : { pid, parent: Number(parent), folder };
  } catch {
    // It has ended meanwhile, or is the kernel's.
    return undefined;
  }
}

/** Signals a process, unless it has ended. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Kills whatever works in these folders, until nothing does. */
export async function killAllIn(...folders: readonly string[]): Promise<void> {
  for (let rounds = 0; rounds < 500; rounds++) {
    const left = processesIn(...folders).filter(({ pid }) => pid !== process.pid);
    if (left.length === 0) return;
    for (const { pid } of left) signalProcess(pid, 'SIGKILL');
    await sleep(20);
  }
  throw new Error(`processes in ${folders.join(', ')} cannot be killed`);
}
