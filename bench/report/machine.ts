import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { repository } from '../../tests/support/vallum.ts';

const git = (...args: string[]): string =>
  spawnSync('git', args, { cwd: repository, encoding: 'utf8' }).stdout?.trim() ?? '';

/** What is measured, as it was when the program began: a long run must not be told of what was changed meanwhile. */
function revisionAtStart(): string {
  // What the benchmarks write themselves is no change of what they measure.
  const changed = git('status', '--porcelain', '--', ':!docs/benchmarks.md') !== '';
  return `\`${git('rev-parse', '--short', 'HEAD') || 'unknown'}\`${changed ? ' with changes' : ''}`;
}
const revision = revisionAtStart();

/** What a figure was measured on, and of what. */
export function circumstances(sharing: string): string {
  const [cpu] = os.cpus();
  const [load = 0] = os.loadavg();
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)} at revision ${revision}, on ${os.availableParallelism()} × ${cpu?.model.trim() ?? 'an unknown processor'}, `,
    `${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}, Node ${process.versions.node}. ${sharing} The load of the machine at the end was ${load.toFixed(1)}.`,
  ].join('');
}
