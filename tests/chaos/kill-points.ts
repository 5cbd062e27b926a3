import { setTimeout as sleep } from 'node:timers/promises';
import { type Acknowledged, type ChatLoad, startChatLoad } from '../support/chat-load.ts';
import { createDeployment, type Deployment } from '../support/deployment.ts';
import { eventually, within } from '../support/eventually.ts';
import { jsonOf } from '../support/http-call.ts';
import { type OpenaiUpstream, startOpenaiUpstream } from '../support/openai-upstream.ts';
import { signalProcess } from '../support/processes.ts';
import { type Random, seeded } from '../support/random.ts';
import { type Audit, createWitness, type Witness } from './witness.ts';

/** What is killed and when, with how many milliseconds may pass before it happens. */
const kinds = {
  'server under load': 400,
  'postmaster under load': 400,
  'server at the first start': 2_500,
  'server at a start': 1_000,
  'one backend under load': 400,
  'server in its drain': 400,
  'whole database under load': 400,
  'server and database at once': 400,
  'database at a start of the server': 1_000,
} as const;
export type KillKind = keyof typeof kinds;

/** One instant at which something is killed. */
export interface KillPoint {
  readonly kind: KillKind;
  readonly afterMs: number;
}

/** The same for the same seed: every kind in turn, each at a random instant. */
export function drawKillPoints(count: number, random: Random): KillPoint[] {
  const names = Object.keys(kinds) as KillKind[];
  return Array.from({ length: count }, (_, i) => {
    const kind = names[i % names.length] ?? 'server under load';
    return { kind, afterMs: random.between(0, kinds[kind]) };
  });
}

/** A deployment that is killed again and again, so that its log grows from point to point. */
export interface Site {
  readonly deployment: Deployment;
  readonly upstream: OpenaiUpstream;
  /** @throws Error when something that was acknowledged is not so after it */
  strike(point: KillPoint): Promise<Audit>;
  close(): Promise<void>;
}

const seed = 'vallum';

/** Starts a deployment and has it do some work. */
export async function startSite(): Promise<Site> {
  const upstream = await startOpenaiUpstream();
  const random = seeded(seed);
  const deployment = deploymentFor(upstream);
  try {
    let url = await within('the first start', deployment.launch().ready);
    const credentials = await credentialsOf(deployment, url);
    return {
      deployment,
      upstream,
      async strike(point) {
        if (point.kind === 'server at the first start') return strikeFirstStart(upstream, point);
        const struck = await strike({ deployment, url, random, ...credentials }, point);
        url = struck.url;
        return credentials.witness.audit(url, struck.acknowledged);
      },
      async close() {
        await deployment.remove();
        await upstream.close();
      },
    };
  } catch (error) {
    await deployment.remove();
    await upstream.close();
    throw error;
  }
}

const deploymentFor = (upstream: OpenaiUpstream): Deployment =>
  createDeployment({
    settings: {
      models: {
        providers: [{ name: 'upstream', base_url: upstream.url, models: [{ id: 'ok' }, { id: 'slow' }] }],
      },
      limits: { anonymous_per_address: 1_000_000, tokens_per_minute: 1_000_000_000 },
    },
  });

interface Credentials {
  /** Reads and asks as often as it likes. */
  readonly key: string;
  readonly witness: Witness;
}

/** The credentials of the first start, which must be good whatever happened to it, and a key without a rate made with them. */
async function credentialsOf(deployment: Deployment, url: string): Promise<Credentials> {
  const { adminKey, apiKey, developmentApiKey, ledgerPublicKey } = deployment.secrets();
  for (const first of [apiKey, developmentApiKey]) await jsonOf(url, { path: '/v1/requests', key: first });
  const { key } = await jsonOf<{ key: string }>(url, {
    method: 'POST',
    path: '/v1/keys',
    key: adminKey,
    body: { name: 'load', scopes: ['vallum:read', 'models:invoke'], rate_per_minute: 1_000_000 },
  });
  return { key, witness: createWitness(key, ledgerPublicKey) };
}

interface Struck {
  readonly url: string;
  readonly acknowledged: readonly Acknowledged[];
}

interface Target extends Credentials {
  readonly deployment: Deployment;
  readonly url: string;
  readonly random: Random;
}

/** Answers that must come before a load has shown that all is well. */
const enough = 10;

async function strike(target: Target, { kind, afterMs }: KillPoint): Promise<Struck> {
  const { deployment, url } = target;
  const server = deployment.server();
  const restarted = () => within('the start after a kill', deployment.launch().ready);
  switch (kind) {
    case 'server under load':
    case 'server and database at once':
      return underLoad(target, afterMs, async () => {
        const killed = server.kill();
        if (kind !== 'server under load') deployment.killDatabase();
        await killed;
        return restarted();
      });
    case 'server in its drain':
      return underLoad(target, 100, async () => {
        server.signal('SIGTERM');
        await sleep(afterMs);
        await server.kill();
        return restarted();
      });
    case 'postmaster under load':
    case 'one backend under load':
    case 'whole database under load':
      return underLoad(target, afterMs, async (load) => {
        killPart(target, kind);
        const before = load.succeeded();
        await eventually('answers come again', () => load.succeeded() > before + enough);
        return url;
      });
    case 'server at a start':
      await server.kill();
      deployment.launch();
      await sleep(afterMs);
      // It may have been ready by then.
      await deployment.server().kill();
      return { url: await restarted(), acknowledged: [] };
    case 'database at a start of the server':
      await server.kill();
      deployment.launch();
      await sleep(afterMs);
      deployment.killDatabase();
      return { url: await started(deployment), acknowledged: [] };
    case 'server at the first start':
      throw new Error('a deployment has its first start once');
  }
}

/** A server that lost its database while it started may have ended; then one more start must do. */
const started = (deployment: Deployment): Promise<string> =>
  within(
    'a start after a start that was struck',
    deployment.server().ready.catch(() => deployment.launch().ready),
  );

function killPart({ deployment, random }: Target, kind: KillKind): void {
  if (kind === 'whole database under load') {
    deployment.killDatabase();
    return;
  }
  const postmaster = deployment.postmaster();
  const children = deployment.database().filter((pid) => pid !== postmaster);
  const pid = kind === 'postmaster under load' ? postmaster : random.pick(children);
  if (pid === undefined) throw new Error('the database has no process to kill');
  signalProcess(pid, 'SIGKILL');
}

/** Has a load run, strikes in the middle of it, and stops the load when `act` has resolved with where the server is then. */
async function underLoad(
  { url, key, witness }: Target,
  afterMs: number,
  act: (load: ChatLoad) => Promise<string>,
): Promise<Struck> {
  const load = startChatLoad({ url, key, models: ['ok'] });
  const watching = witness.watch(url);
  await sleep(afterMs);
  let now = url;
  try {
    now = await act(load);
  } finally {
    await load.stop();
    await watching.stop();
  }
  return { url: now, acknowledged: load.acknowledged };
}

/** A deployment of its own, killed in the middle of its first start: the next start must lock nobody out. */
async function strikeFirstStart(upstream: OpenaiUpstream, { afterMs }: KillPoint): Promise<Audit> {
  const deployment = deploymentFor(upstream);
  try {
    deployment.launch();
    await sleep(afterMs);
    await deployment.server().kill();
    const url = await within('the start after a first start that was killed', deployment.launch().ready);
    const { key, witness } = await credentialsOf(deployment, url);
    const load = startChatLoad({ url, key, models: ['ok'] });
    await eventually('answers come', () => load.succeeded() > enough);
    await load.stop();
    return await witness.audit(url, load.acknowledged);
  } finally {
    await deployment.remove();
  }
}
