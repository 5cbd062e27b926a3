import { readdirSync, readFileSync } from 'node:fs';

/** What /proc counts times in (proc(5)); 100 a second on every Linux that Node runs on. */
const tickMicros = 10_000;

/** The fields of /proc/<pid>/stat from the third on: a name in the second may hold spaces and brackets. */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
const field = (stat: readonly string[], number: number): number => Number(stat[number - 3]);

/** CPU time that a process has used with all of its threads, in µs. @throws Error when there is no such process */
export function cpuMicros(pid: number): number {
  const stat = statOf(pid);
  return (field(stat, 14) + field(stat, 15)) * tickMicros;
}

/** The same for a process and its children, also those that have ended. */
export function familyCpuMicros(pid: number): number {
  const own = statOf(pid);
  const ticks = [14, 15, 16, 17].reduce((sum, each) => sum + field(own, each), 0);
  return childrenOf(pid).reduce((sum, child) => {
    try {
      return sum + cpuMicros(child);
    } catch {
      // It has ended since, and is counted in its parent's fields.
      return sum;
    }
  }, ticks * tickMicros);
}

/** The processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => {
      try {
        return field(statOf(other), 4) === pid;
      } catch {
        return false;
      }
    });
}

/** The CPU time of each kind of thread of a process, in seconds, most first: `node 12.3, V8Worker 4.5`. */
export function threadTimes(pid: number): string {
  const ticks = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
    const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
    const stat = text.slice(text.lastIndexOf(')') + 2).split(' ');
    ticks.set(name, (ticks.get(name) ?? 0) + field(stat, 14) + field(stat, 15));
  }
  return [...ticks]
    .sort(([, a], [, b]) => b - a)
    .map(([name, each]) => `${name} ${((each * tickMicros) / 1e6).toFixed(1)}`)
    .join(', ');
}

/** Memory that a process holds, in bytes. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kilobytes) * 1024;
}
