import { execFileSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { formatVkey, leafOfOpening, parseVkey, verifyProof, vkeyOf } from '@vallum/contract/tlog';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeployment, type Deployment, sweepDeployments } from '../support/deployment.ts';
import { within } from '../support/eventually.ts';
import { call, jsonOf, mustCall } from '../support/http-call.ts';
import { createLogAuditor } from '../support/log-auditor.ts';
import { hasProcessTable } from '../support/processes.ts';

const limitMs = 180_000;

describe.runIf(hasProcessTable)('a database that is put back to an earlier state', () => {
  let deployment: Deployment;
  let [url, key, vkey] = ['', '', ''];

  beforeAll(async () => {
    await sweepDeployments();
    deployment = createDeployment();
    url = await within('the first start', deployment.launch().ready);
    ({ apiKey: key, ledgerPublicKey: vkey } = deployment.secrets());
  }, limitMs);
  afterAll(() => deployment?.remove(), limitMs);

  /** Where the log says that the exchange is. */
  async function ask(): Promise<number> {
    const { headers } = await mustCall(url, {
      method: 'POST',
      path: '/v1/chat/completions',
      key,
      body: { model: 'rehearsal', messages: [{ role: 'user', content: 'Is the gate shut?' }] },
    });
    return Number(headers['x-vallum-ledger-index']);
  }

  async function stop(): Promise<void> {
    deployment.server().signal('SIGTERM');
    expect(await within('the stop', deployment.server().ended)).toBe(0);
  }

  const start = async (): Promise<void> => {
    url = await within('the start', deployment.launch().ready);
  };

  const read = async (path: string): Promise<Buffer> => (await mustCall(url, { path })).bytes;
  const originOf = (checkpoint: string): string => checkpoint.split('\n')[0] ?? '';

  it(
    'freezes the log that was contradicted and begins another, since what was signed cannot be taken back',
    async () => {
      const before = [await ask(), await ask()];
      await stop();
      const copy = `${deployment.cluster()}-copy`;
      // With its owner, who may be another user.
      execFileSync('cp', ['-a', deployment.cluster(), copy]);

      await start();
      const forgotten = [await ask(), await ask(), await ask()];
      const shown = (await read('/ledger/checkpoint')).toString();
      await stop();

      rmSync(deployment.cluster(), { recursive: true });
      renameSync(copy, deployment.cluster());
      await start();

      // It says so, to who reads its log and to who asks whether it is ready.
      const complaint = deployment.server().log.find(({ level }) => level === 'error');
      expect(complaint).toMatchObject({ code: 'behind' });
      const { notes } = await jsonOf<{ notes: string[] }>(url, { path: '/ready' });
      expect(notes.join()).toContain(`${originOf(shown)} is frozen (behind)`);

      // No index is given twice.
      const after = [await ask(), await ask()];
      expect(Math.min(...after)).toBeGreaterThan(Math.max(...before, ...forgotten));

      // Both logs hold together, each under the deployment's key.
      const first = createLogAuditor(vkey);
      const size = await first.follow((path) => read(`/ledger/logs/1/${path}`));
      expect(size).toBeLessThan(Number(shown.split('\n')[1]));
      const newest = (await read('/ledger/checkpoint')).toString();
      expect(originOf(newest)).not.toBe(originOf(shown));
      const second = formatVkey(vkeyOf(originOf(newest), parseVkey(vkey).publicKey));
      await createLogAuditor(second).follow((path) => read(`/ledger/${path}`));
      for (const [indices, own] of [
        [before, vkey],
        [after, second],
      ] as const)
        for (const index of indices) await prove(index, own);

      // What the database forgot is not there, and nothing else stands in its place.
      for (const index of forgotten)
        expect((await call(url, { path: `/v1/ledger/entries/${index}/proof`, key })).status).toBe(404);
    },
    limitMs,
  );

  it(
    'goes on in the new log after another start',
    async () => {
      const origin = originOf((await read('/ledger/checkpoint')).toString());
      await stop();
      await start();
      await ask();
      expect(originOf((await read('/ledger/checkpoint')).toString())).toBe(origin);
      expect((await call(url, { path: '/ledger/logs/3/checkpoint' })).status).toBe(404);
    },
    limitMs,
  );

  async function prove(index: number, vkeyText: string): Promise<void> {
    const at = `/v1/ledger/entries/${index}`;
    const opened = leafOfOpening(await jsonOf(url, { path: `${at}/opening`, key }));
    if (!opened.ok) throw new Error(opened.message);
    const { text: proof } = await mustCall(url, { path: `${at}/proof`, key });
    expect(verifyProof({ proof, leaf: opened.leaf, vkey: parseVkey(vkeyText) })).toMatchObject({ ok: true });
  }
});
