import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChatLoad, startChatLoad } from '../support/chat-load.ts';
import { createDeployment, type Deployment, sweepDeployments } from '../support/deployment.ts';
import { eventually, within } from '../support/eventually.ts';
import { jsonOf } from '../support/http-call.ts';
import { hasProcessTable } from '../support/processes.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { createWitness, type Witness } from './witness.ts';

const limitMs = 240_000;
/** A new cluster, its log of changes, and some room. Only root may mount it. */
const disk = hasProcessTable ? mountSmallDisk(160) : undefined;

describe.runIf(disk)('a server whose disk is full', () => {
  let deployment: Deployment;
  let [url, key] = ['', ''];
  let witness: Witness;

  beforeAll(async () => {
    await sweepDeployments();
    deployment = createDeployment({
      data: path.join(disk?.folder ?? '', 'data'),
      settings: {
        ledger: { wait_ms: 1_000 },
        limits: { anonymous_per_address: 1_000_000, tokens_per_minute: 1_000_000_000 },
      },
    });
    url = await within('the first start', deployment.launch().ready);
    const { adminKey, ledgerPublicKey } = deployment.secrets();
    ({ key } = await jsonOf<{ key: string }>(url, {
      method: 'POST',
      path: '/v1/keys',
      key: adminKey,
      body: { name: 'load', scopes: ['vallum:read', 'models:invoke'], rate_per_minute: 1_000_000 },
    }));
    witness = createWitness(key, ledgerPublicKey);
  }, limitMs);

  afterAll(async () => {
    await deployment?.remove();
    await disk?.remove();
  }, limitMs);

  const refused = (load: ChatLoad): boolean => load.acknowledged.some(({ status }) => status === 503);

  it(
    'answers nothing that it cannot record, and goes on by itself when there is room again',
    async () => {
      const load = startChatLoad({ url, key });
      try {
        await eventually('answers come', () => load.succeeded() > 5);
        disk?.fill();
        await eventually('nothing can be recorded any more', () => refused(load));
        disk?.free();
        const before = load.succeeded();
        await eventually('answers come again', () => load.succeeded() > before + 10);
      } finally {
        disk?.free();
        await load.stop();
      }
      const { proved } = await witness.audit(url, load.acknowledged);
      expect(proved).toBeGreaterThan(15);
      expect(deployment.server().hasEnded()).toBe(false);
    },
    limitMs,
  );

  it(
    'loses nothing when it is killed on the full disk, and started when there is room',
    async () => {
      const load = startChatLoad({ url, key });
      try {
        await eventually('answers come', () => load.succeeded() > 5);
        disk?.fill();
        await eventually('nothing can be recorded any more', () => refused(load));
        await deployment.server().kill();
        deployment.killDatabase();
        // On the full disk it may start, or say why not; it must not break what is there.
        await deployment.launch().ready.catch(() => {});
        await deployment.server().kill();
        deployment.killDatabase();
        disk?.free();
        url = await within('the start with room', deployment.launch().ready);
      } finally {
        disk?.free();
        await load.stop();
      }
      const { proved } = await witness.audit(url, load.acknowledged);
      expect(proved).toBeGreaterThan(5);
    },
    limitMs,
  );
});
