import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ask } from '../../tests/support/ask.ts';
import { clusterOf, startVallum, type Vallum } from '../../tests/support/vallum.ts';
import { profiled } from '../processes/profile.ts';
import type { Contender } from './contender.ts';

/** What is the same in every measurement: everything on and as it comes, with limits that a benchmark would run into out of its way. */
const plentyTokens = 1_000_000_000_000;
// The most that a key may have.
const plentyRequests = 1_000_000;
const plentyConnections = 2_000;

/** How the upstream behaves is the model's name, so all of them are one provider's. */
const settingsFor = (upstreamPort: number, models: readonly string[]) => ({
  limits: { tokens_per_minute: plentyTokens },
  models: {
    providers: [
      {
        name: 'bench',
        base_url: `http://127.0.0.1:${upstreamPort}/v1`,
        api_key: 'sk-bench-upstream',
        models: models.map((id) => ({ id })),
        connections: plentyConnections,
      },
    ],
  },
});

export interface VallumContender extends Contender {
  readonly vallum: Vallum;
}

/**
 * Vallum as `npm start` runs it, before the upstream.
 * @param models names that the upstream answers to.
 * @param profile where its CPU profile goes when it ends, if one is wanted.
 */
export async function startVallumContender(
  upstreamPort: number,
  models: readonly string[],
  profile?: string,
): Promise<VallumContender> {
  const vallum = await profiled(profile, () => startVallum({ settings: settingsFor(upstreamPort, models) }));
  try {
    const minted = await ask(vallum, '/v1/keys', {
      key: vallum.secrets.adminKey,
      body: { name: 'bench', scopes: ['models:invoke'], rate_per_minute: plentyRequests },
    });
    if (minted.status !== 201) throw new Error(`no key for the bench: ${minted.status} ${minted.text}`);
    return {
      name: 'vallum',
      vallum,
      pid: vallum.pid,
      port: Number(new URL(vallum.url).port),
      postgresPid: postmasterPid(vallum.data),
      headers: { authorization: `Bearer ${minted.json<{ key: string }>().key}` },
      async stop() {
        // A process that is killed writes no profile.
        if (profile !== undefined) await vallum.stop();
        await vallum.remove();
      },
    };
  } catch (error) {
    await vallum.remove();
    throw error;
  }
}

/** The process of the PostgreSQL that a data folder's Vallum runs, or has left. */
export const postmasterPid = (data: string): number =>
  Number.parseInt(readFileSync(path.join(clusterOf(data), 'data', 'postmaster.pid'), 'utf8'), 10);
