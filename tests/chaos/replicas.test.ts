import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestRecord } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChatLoad, startChatLoad } from '../support/chat-load.ts';
import { createDeployment, type Deployment, sweepDeployments } from '../support/deployment.ts';
import { eventually, within } from '../support/eventually.ts';
import { call, jsonOf } from '../support/http-call.ts';
import { hasProcessTable } from '../support/processes.ts';
import { seeded } from '../support/random.ts';
import { createWitness, type Witness } from './witness.ts';

const limitMs = 240_000;
const random = seeded('replicas');

describe.runIf(hasProcessTable)('three servers on one database', () => {
  /** The first has the database; the others have folders of their own, and its keys. */
  const replicas: Deployment[] = [];
  let urls: string[] = [];
  let key = '';
  let witness: Witness;

  const newcomer = (first: Deployment): Deployment =>
    createDeployment({
      settings: {
        keys: { keyfile_with_outside_database: true },
        limits: { anonymous_per_address: 1_000_000, tokens_per_minute: 1_000_000_000 },
      },
      environment: { VALLUM_DATABASE_URL: first.databaseUrl(), VALLUM_KEYS: first.keys },
    });

  beforeAll(async () => {
    await sweepDeployments();
    const first = createDeployment({
      settings: { limits: { anonymous_per_address: 1_000_000, tokens_per_minute: 1_000_000_000 } },
    });
    replicas.push(first);
    urls = [await within('the first start', first.launch().ready)];
    const { adminKey, ledgerPublicKey } = first.secrets();
    ({ key } = await jsonOf<{ key: string }>(urls[0] ?? '', {
      method: 'POST',
      path: '/v1/keys',
      key: adminKey,
      body: { name: 'load', scopes: ['vallum:read', 'models:invoke'], rate_per_minute: 1_000_000 },
    }));
    witness = createWitness(key, ledgerPublicKey);
    replicas.push(newcomer(first), newcomer(first));
    const others = replicas.slice(1).map((each) => each.launch().ready);
    urls.push(...(await within('the start of the others', Promise.all(others))));
  }, limitMs);

  afterAll(async () => {
    // The database's keeper last.
    for (const each of [...replicas].reverse()) await each.remove();
  }, limitMs);

  /** Has every server work while `act` goes on, then holds what they said against the log that they share. */
  async function underLoad(act: (loads: readonly ChatLoad[]) => Promise<void>, at = urls) {
    const loads = at.map((url) => startChatLoad({ url, key }));
    const watching = at.map((url) => witness.watch(url));
    try {
      await eventually('all of them answer', () => loads.every((load) => load.succeeded() > 3));
      await act(loads);
    } finally {
      for (const load of loads) await load.stop();
      for (const each of watching) await each.stop();
    }
    return witness.audit(
      urls[0] ?? '',
      loads.flatMap((load) => load.acknowledged),
    );
  }

  /** Resolves when each of these loads has got some more answers. */
  function progress(what: string, loads: readonly ChatLoad[]): Promise<boolean> {
    const before = loads.map((load) => load.succeeded());
    return eventually(what, () => loads.every((load, i) => load.succeeded() > (before[i] ?? 0) + 10));
  }

  it(
    'write one log, in which nobody takes the place of another',
    async () => {
      const { ended } = await underLoad(async (loads) => void (await progress('all go on', loads)));
      expect(Object.keys(ended)).toEqual(['complete']);
    },
    limitMs,
  );

  it(
    'go on while one of them stands still anywhere in its work, and so does that one when it wakes up',
    async () => {
      const server = replicas[2]?.server();
      await underLoad(async (loads) => {
        for (let i = 0; i < 6; i++) {
          await sleep(random.between(0, 60));
          server?.signal('SIGSTOP');
          try {
            await progress('the others go on', loads.slice(0, 2));
          } finally {
            server?.signal('SIGCONT');
          }
        }
        await progress('all go on', loads);
      });
      expect(server?.hasEnded()).toBe(false);
    },
    limitMs,
  );

  it(
    'take the one that is silent for dead, and end what it left open; when it wakes up it appends nothing, and ends',
    async () => {
      const silent = replicas[2]?.server();
      const [here = '', , there = ''] = urls;
      let request = '';
      const streaming = call(there, {
        method: 'POST',
        path: '/v1/chat/completions',
        key,
        body: {
          model: 'rehearsal',
          stream: true,
          messages: [{ role: 'user', content: '[[rehearse: delay=200ms length=4000 chunk=10]]' }],
        },
        onHead: ({ headers }) => {
          request = String(headers['x-vallum-request-id']);
        },
      });
      await eventually('the stream has begun', () => request !== '');
      silent?.signal('SIGSTOP');
      try {
        await eventually('another one has sealed it as lost', async () => {
          const { ended } = await jsonOf<RequestRecord>(here, { path: `/v1/requests/${request}`, key });
          return ended === 'lost';
        });
      } finally {
        silent?.signal('SIGCONT');
      }
      expect(await within('its end', silent?.ended ?? Promise.reject())).toBe(1);
      expect((await streaming).text).not.toContain('[DONE]');
      const { ended } = await underLoad(async () => {}, urls.slice(0, 2));
      expect(ended).toMatchObject({ lost: 1 });
      urls[2] = await within('its next start', replicas[2]?.launch().ready ?? Promise.reject());
    },
    limitMs,
  );

  it(
    'go on when one of them is killed, and its next start ends what it left open',
    async () => {
      const { ended } = await underLoad(async (loads) => {
        await replicas[1]?.server().kill();
        await progress(
          'the others go on',
          [loads[0], loads[2]].filter((load) => load !== undefined),
        );
        urls[1] = await within('its next start', replicas[1]?.launch().ready ?? Promise.reject());
      });
      expect(ended.lost).toBeGreaterThan(0);
    },
    limitMs,
  );

  it(
    'go on when the one is killed that has the database',
    async () => {
      await underLoad(async (loads) => {
        await replicas[0]?.server().kill();
        await progress('the others go on', loads.slice(1));
        urls[0] = await within('its next start', replicas[0]?.launch().ready ?? Promise.reject());
      });
    },
    limitMs,
  );

  it(
    'leave a folder to who has it, since who starts on it takes the one before for dead',
    async () => {
      const having = replicas[1]?.server();
      await expect(replicas[1]?.launch().ready).rejects.toThrow(`is in use by process ${having?.pid}`);
      expect(having?.hasEnded()).toBe(false);
      expect((await call(urls[1] ?? '', { path: '/ready' })).status).toBe(200);
    },
    limitMs,
  );
});
