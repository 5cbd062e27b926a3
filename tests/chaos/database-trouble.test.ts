import { openaiError, type RequestRecord } from '@vallum/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseFault, type DatabaseProxy, startDatabaseProxy } from '../support/database-proxy.ts';
import { createDeployment, type Deployment, sweepDeployments } from '../support/deployment.ts';
import { eventually, within } from '../support/eventually.ts';
import { type GatedUpstream, startGatedUpstream } from '../support/gated-upstream.ts';
import { call, jsonOf, type Reply } from '../support/http-call.ts';
import { hasProcessTable } from '../support/processes.ts';
import { createWitness, type Witness } from './witness.ts';

const limitMs = 180_000;
const ledgerConnections = /^vallum (?:ledger|reading)$/;
const otherConnections = /^vallum$/;

describe.runIf(hasProcessTable)('a server whose database is in trouble', () => {
  /** Has the database, and sees it as it is: what this one can read is in the log. */
  let keeper: Deployment;
  let server: Deployment;
  let proxy: DatabaseProxy;
  let upstream: GatedUpstream;
  let [direct, url, adminKey, key] = ['', '', '', ''];
  let witness: Witness;

  const newKey = async (): Promise<string> => {
    const body = { name: 'load', scopes: ['vallum:read', 'models:invoke'], rate_per_minute: 1_000_000 };
    const made = await jsonOf<{ key: string }>(direct, {
      method: 'POST',
      path: '/v1/keys',
      key: adminKey,
      body,
    });
    return made.key;
  };

  beforeAll(async () => {
    await sweepDeployments();
    upstream = await startGatedUpstream();
    keeper = createDeployment({ settings: { limits: { anonymous_per_address: 1_000_000 } } });
    direct = await within('the first start', keeper.launch().ready);
    const { adminKey: first, ledgerPublicKey } = keeper.secrets();
    adminKey = first;
    key = await newKey();
    witness = createWitness(key, ledgerPublicKey);
    proxy = await startDatabaseProxy(keeper.databaseSocket());
    server = createDeployment({
      settings: {
        keys: { keyfile_with_outside_database: true },
        ledger: { wait_ms: 2_000 },
        limits: { anonymous_per_address: 1_000_000, step_ms: 3_000, drain_ms: 500 },
        models: { providers: [{ name: 'gated', base_url: upstream.url, models: [{ id: 'gated' }] }] },
      },
      environment: { VALLUM_DATABASE_URL: keeper.databaseUrl(proxy.host), VALLUM_KEYS: keeper.keys },
    });
    url = await within('the start behind the proxy', server.launch().ready);
  }, limitMs);

  afterEach(() => proxy?.heal());

  afterAll(async () => {
    await server?.remove();
    await proxy?.close();
    await keeper?.remove();
    await upstream?.close();
  }, limitMs);

  const recordOf = (id: string): Promise<RequestRecord> =>
    jsonOf(direct, { path: `/v1/requests/${id}`, key });

  interface Running {
    /** The request's id, when its reply begins. */
    id(): string;
    readonly shown: () => string;
    /** Its reply, once it is over; and whether, when each part of it came, its entry was in the log. */
    readonly over: Promise<Reply>;
    readonly leave: AbortController;
  }

  /** Asks a model. Whatever is shown is held, at that moment, against what the log has. */
  function askModel(model: string, stream: boolean, as = key): Running {
    const leave = new AbortController();
    let [id, shown] = ['', ''];
    let intentWasThere: Promise<void> = Promise.resolve();
    const reply = call(url, {
      method: 'POST',
      path: '/v1/chat/completions',
      key: as,
      body: { model, stream, messages: [{ role: 'user', content: 'Is the gate shut?' }] },
      leave: leave.signal,
      onHead({ status, headers }) {
        id = String(headers['x-vallum-request-id']);
        if (status !== 200) return;
        intentWasThere = recordOf(id).then((record) => {
          expect(record.ledger.intent_index).toBe(Number(headers['x-vallum-ledger-index']));
        });
        intentWasThere.catch(() => {});
      },
      onText(soFar) {
        shown = soFar;
      },
    });
    const over = reply.then(async (given) => {
      await intentWasThere;
      if (isComplete(given, stream)) expect((await recordOf(id)).ended).toBe('complete');
      return given;
    });
    over.catch(() => {});
    return { id: () => id, shown: () => shown, over, leave };
  }

  /** Waits until the server answers as if nothing had been. */
  const recovered = (): Promise<unknown> =>
    eventually(
      'the server answers again',
      async () => (await askModel('rehearsal', false).over).status === 200,
    );

  const endOf = (id: string): Promise<string> =>
    eventually('the exchange has an end', async () => (await recordOf(id)).ended ?? undefined);

  /** Begins an exchange, and resolves when its intent is in the log and its model waits. */
  async function underWay(stream: boolean): Promise<Running & { known: string }> {
    const running = askModel('gated', stream);
    await upstream.asked();
    const known = await eventually('its intent is in the log', async () => {
      const path = '/v1/requests?limit=1';
      const { data } = await jsonOf<{ data: RequestRecord[] }>(direct, { path, key });
      return data[0]?.ended === null && data[0].resource === 'model/gated' ? data[0].id : undefined;
    });
    if (stream) await eventually('its first word came', () => running.shown().includes('Slowly'));
    return { ...running, known };
  }

  const broken: DatabaseFault[] = ['hang', 'refuse', 'swallow'];

  for (const stream of [false, true]) {
    const what = stream ? 'a stream' : 'an answer';

    for (const fault of broken) {
      it(
        `refuses ${what} when the lookup of its key meets ${fault}: who is not known is not served`,
        async () => {
          await recovered();
          const unknown = await newKey();
          proxy.begin(fault, otherConnections);
          expectRefusal(await within('the refusal', askModel('rehearsal', stream, unknown).over));
          proxy.heal();
          await recovered();
        },
        limitMs,
      );

      it(
        `refuses ${what} when its intent meets ${fault}, and seals later that it failed`,
        async () => {
          await recovered();
          proxy.begin(fault, ledgerConnections);
          const running = askModel('gated', stream);
          expectRefusal(await within('the refusal', running.over));
          await eventually('the model is left too', () => upstream.left());
          expect(proxy.struck()).toBeGreaterThan(0);
          proxy.heal();
          expect(await endOf(running.id())).toBe('failed');
          await recovered();
        },
        limitMs,
      );

      it(
        `gives ${what} whole when ${fault} comes and goes between its intent and its outcome`,
        async () => {
          await recovered();
          const running = await underWay(stream);
          proxy.begin(fault);
          await eventually('the server has met it', () => fault === 'refuse' || proxy.struck() > 0);
          proxy.heal();
          upstream.finish();
          const reply = await within('its end', running.over);
          expect(isComplete(reply, stream)).toBe(true);
          await recovered();
        },
        limitMs,
      );

      it(
        `does not end ${what} when its outcome meets ${fault}, and seals an end of it later`,
        async () => {
          await recovered();
          const running = await underWay(stream);
          proxy.begin(fault);
          if (stream) {
            // What its intent covers goes on.
            upstream.say('surely, ');
            await eventually('the next word came', () => running.shown().includes('Slowly'));
          }
          upstream.finish();
          const reply = await within('its end', running.over);
          if (stream) expectNoCleanEnd(reply);
          else expectRefusal(reply);
          proxy.heal();
          // It was on its way when the reply was refused, and what is in the log cannot be taken back.
          expect(['complete', 'failed']).toContain(await endOf(running.known));
          await recovered();
        },
        limitMs,
      );

      it(
        `seals ${what} as aborted whose client left while the database was at ${fault}`,
        async () => {
          await recovered();
          const running = await underWay(stream);
          proxy.begin(fault);
          running.leave.abort();
          await eventually('the model is left too', () => upstream.left());
          proxy.heal();
          upstream.finish();
          expect(await endOf(running.known)).toBe('aborted');
          await recovered();
        },
        limitMs,
      );

      it(
        `has ${what} sealed as lost whose process died while the database was at ${fault}`,
        async () => {
          await recovered();
          const running = await underWay(stream);
          proxy.begin(fault);
          await server.server().kill();
          await running.over.catch(() => {});
          proxy.heal();
          upstream.finish();
          url = await within('the next start', server.launch().ready);
          expect(await endOf(running.known)).toBe('lost');
          await recovered();
        },
        limitMs,
      );
    }

    it(
      `gives ${what} whole by a database that is slow`,
      async () => {
        await recovered();
        proxy.begin('slow');
        await recovered();
        const running = await underWay(stream);
        upstream.finish();
        expect(isComplete(await within('its end', running.over), stream)).toBe(true);
        expect(proxy.struck()).toBeGreaterThan(0);
      },
      limitMs,
    );
  }

  it(
    'answers all who ask for its log while the database says nothing, and not one after another',
    async () => {
      await recovered();
      proxy.begin('hang', ledgerConnections);
      const asking = Array.from({ length: 30 }, () => call(url, { path: '/ledger/checkpoint' }));
      const replies = await within('the last refusal', Promise.all(asking));
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]));
      proxy.heal();
      await recovered();
    },
    limitMs,
  );

  it(
    'stops when it is told to, though the database says nothing',
    async () => {
      await recovered();
      const running = await underWay(true);
      proxy.begin('hang');
      server.server().signal('SIGTERM');
      expect(await within('the stop', server.server().ended)).toBe(1);
      expect(server.server().log.map(({ event }) => event)).toContain(
        'the stop took too long: the process ends',
      );
      await running.over.catch(() => {});
      proxy.heal();
      upstream.finish();
      url = await within('the next start', server.launch().ready);
      expect(['aborted', 'lost', 'failed']).toContain(await endOf(running.known));
      await recovered();
    },
    limitMs,
  );

  it(
    'has one log after all of this, in which everything that was shown is',
    async () => {
      await recovered();
      const { ended, size } = await witness.audit(direct, []);
      expect(Object.keys(ended)).not.toContain('null');
      expect(size).toBeGreaterThan(0);
    },
    limitMs,
  );
});

const isComplete = ({ status, whole, text }: Reply, stream: boolean): boolean =>
  status === 200 && whole && (stream ? text.endsWith('data: [DONE]\n\n') : text.includes('"finish_reason"'));

/** A 503 in the words of the API that was asked. */
function expectRefusal({ status, headers, text, whole }: Reply): void {
  expect(`${status} ${whole}`).toBe('503 true');
  const { error } = openaiError.parse(JSON.parse(text));
  expect(error).toMatchObject({ code: 'unavailable', request_id: headers['x-vallum-request-id'] });
  expect(text).not.toContain('choices');
}

/** The API's error event, and nothing that its clients would take for an end. */
function expectNoCleanEnd({ status, text }: Reply): void {
  expect(status).toBe(200);
  const last = text.trimEnd().split('\n\n').at(-1) ?? '';
  expect(openaiError.parse(JSON.parse(last.replace(/^data: /, ''))).error.code).toBe('unavailable');
  expect(text).not.toContain('[DONE]');
  expect(text).not.toContain('"finish_reason":"stop"');
}
