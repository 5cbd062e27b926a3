import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One process, told apart from a later one that got its number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in words of the system; only to be compared. */
  readonly startedAt: string;
}

const ps = (pid: number, column: string): string | undefined => {
  const { status, stdout } = spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
};

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** proc(5): what follows the name in parentheses begins with field 3, the state; field 22 is the start in clock ticks. */
function fromProc(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields ?? [];
  // A zombie has ended; only its parent has not looked yet.
  return state === undefined || state === 'Z' || state === 'X' ? undefined : fields?.[19];
}

/** The process that has this number now; undefined when none has. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? fromProc(pid) : ps(pid, 'lstart');
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export const isRunning = ({ pid, startedAt }: ProcessIdentity): boolean =>
  identify(pid)?.startedAt === startedAt;

/** The words a process was started with. Elsewhere than on Linux a word with a space comes apart. */
export function argumentsOf(pid: number): string[] {
  if (process.platform === 'linux') return (read(`/proc/${pid}/cmdline`) ?? '').split('\0');
  return (ps(pid, 'command') ?? '').split(' ');
}

/** Signals a process, unless it has ended. @returns whether it was there. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    return process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
