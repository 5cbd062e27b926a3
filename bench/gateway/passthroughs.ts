import path from 'node:path';
import { clusterOf, startVallum } from '../../tests/support/vallum.ts';
import { startProgram } from '../processes/child.ts';
import { type Contender, contenderOf } from './contender.ts';
import { postmasterPid } from './vallum.ts';

const program = 'servers/passthrough.ts';

/** The bare passthrough: what any proxy in Node costs at least. */
export async function startPassthrough(upstreamPort: number): Promise<Contender> {
  return contenderOf('passthrough', await startProgram(program, [String(upstreamPort)]));
}

/**
 * The passthrough that makes two durable commits for each exchange. Its PostgreSQL is one that Vallum has set up and then, killed, has left running:
 * so binaries, settings and disk are the same.
 */
export async function startCommittingPassthrough(upstreamPort: number): Promise<Contender> {
  const vallum = await startVallum();
  try {
    await vallum.stop('SIGKILL');
    const socketFolder = path.join(clusterOf(vallum.data), 'run');
    const password = path.join(vallum.data, 'postgres.password');
    const child = await startProgram(program, [String(upstreamPort), socketFolder, password]);
    return {
      ...contenderOf('passthrough + 2 commits', child),
      postgresPid: postmasterPid(vallum.data),
      commitsMs: async () => (await child.ask<{ commitsMs: number[] }>('commits')).commitsMs,
      async stop() {
        await child.stop();
        await vallum.remove();
      },
    };
  } catch (error) {
    await vallum.remove();
    throw error;
  }
}
