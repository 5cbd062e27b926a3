import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { childrenOf } from './cpu.ts';

/** With fewer, what is kept apart would only wait for each other. */
const coresToPin = 4;

/** Says in a report how the processes share the machine. */
export const sharing = (): string =>
  availableParallelism() >= coresToPin
    ? 'The server that is measured has a core of its own; load, upstream and PostgreSQL share the others.'
    : 'Server, load, upstream and PostgreSQL share the cores: throughput is what is left beside the others, CPU per request suffers far less from that.';

/**
 * Keeps what is measured and what measures apart where there are cores enough (taskset of util-linux): servers on the first, the rest on the others.
 * @throws Error when taskset cannot do it, since the report would then say what is not so
 */
export function keepApart(servers: readonly number[], others: readonly number[]): void {
  const cores = availableParallelism();
  if (cores < coresToPin) return;
  for (const pid of servers) pin(pid, '0');
  for (const pid of others.flatMap((other) => [other, ...childrenOf(other)])) pin(pid, `1-${cores - 1}`);
}

function pin(pid: number, list: string): void {
  const { status, stderr, error } = spawnSync(
    'taskset',
    ['--all-tasks', '--cpu-list', '--pid', list, String(pid)],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`taskset (util-linux) is needed: ${error?.message ?? stderr}`);
}
