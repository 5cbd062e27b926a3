import { drawKillPoints, startSite } from '../chaos/kill-points.ts';
import { sweepDeployments } from '../support/deployment.ts';
import { seeded } from '../support/random.ts';
import type { Suite } from './suite.ts';

const usual = 500;

/** One deployment, killed again and again; what each kill may not change is checked after it. */
export const chaos: Suite = {
  name: 'chaos',
  about: `kills the server or its database at ${usual} instants, and holds everything that was acknowledged against the log`,
  async run(size = usual, progress) {
    await sweepDeployments();
    const site = await startSite();
    const began = performance.now();
    const totals = new Map<string, number>();
    const add = (name: string, count: number): void => void totals.set(name, (totals.get(name) ?? 0) + count);
    let [proved, entries, longestMs] = [0, 0, 0];
    try {
      for (const [i, point] of drawKillPoints(size, seeded('kill points')).entries()) {
        const from = performance.now();
        const what = `${i + 1} of ${size}: ${point.kind}, after ${point.afterMs} ms`;
        const audit = await site.strike(point).catch((cause: unknown) => {
          throw new Error(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
        });
        const ms = performance.now() - from;
        longestMs = Math.max(longestMs, ms);
        proved += audit.proved;
        // A first start has a log of its own.
        entries = Math.max(entries, audit.size);
        for (const [ended, count] of Object.entries(audit.ended)) add(ended, count);
        progress(`${what}: ${audit.proved} proved, ${audit.size} entries, ${Math.round(ms)} ms`);
      }
    } finally {
      await site.close();
    }
    const minutes = (performance.now() - began) / 60_000;
    return [
      { name: 'kill points', value: size },
      { name: 'acknowledged and proved', value: proved },
      { name: 'acknowledged and lost', value: 0 },
      { name: 'entries of the log', value: entries },
      ...[...totals].sort().map(([ended, value]) => ({ name: `exchanges that ended ${ended}`, value })),
      { name: 'longest point, s', value: (longestMs / 1000).toFixed(1) },
      { name: 'minutes', value: minutes.toFixed(1) },
    ];
  },
};
