import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sweepDeployments } from '../support/deployment.ts';
import { hasProcessTable } from '../support/processes.ts';
import { seeded } from '../support/random.ts';
import { drawKillPoints, type Site, startSite } from './kill-points.ts';

const count = Number(process.env.VALLUM_KILL_POINTS ?? 10);
/** A point takes seconds; this is for one that hangs, after its own waits have said where. */
const limitMs = 240_000;

describe.runIf(hasProcessTable)('a server and a database that are killed', () => {
  let site: Site;

  beforeAll(async () => {
    await sweepDeployments();
    site = await startSite();
  }, limitMs);
  afterAll(() => site?.close(), limitMs);

  for (const [i, point] of drawKillPoints(count, seeded('kill points')).entries())
    it(
      `lose nothing that was acknowledged when ${point.kind} goes after ${point.afterMs} ms (${i + 1}), since a reply is a promise`,
      async () => {
        const { proved, ended, size } = await site.strike(point);
        expect(Object.keys(ended)).not.toContain('null');
        expect(size).toBeGreaterThan(proved);
      },
      limitMs,
    );
});
