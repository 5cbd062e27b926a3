import path from 'node:path';
import { idOf, type TenantId } from '@vallum/contract';
import { openaiCompatible } from './agents/adapters/provider-openai-compatible.ts';
import { rehearsal } from './agents/adapters/provider-rehearsal.ts';
import { createCatalog, modelRoutes } from './agents/index.ts';
import { composeEdge } from './compose/edge.ts';
import { composeIdentity } from './compose/identity.ts';
import { composeListener } from './compose/listener.ts';
import { loadPolicies } from './compose/policies.ts';
import { type Config, urlOf } from './config.ts';
import { createDeadline, type Listener } from './edge/index.ts';
import { memoryQuota } from './governance/adapters/quota-memory.ts';
import {
  createGovernance,
  createGuards,
  createRights,
  createWindow,
  injectionGuard,
  secretsGuard,
} from './governance/index.ts';
import { firstSecretsFile } from './identity/adapters/secrets-file.ts';
import { createStanding } from './identity/index.ts';
import {
  type Exchange,
  faultCatalog,
  faultOf,
  type Log,
  type Route,
  type Service,
  systemClock,
} from './kernel/index.ts';
import { postgresEntryStore } from './ledger/adapters/entry-store-postgres.ts';
import { fileHighWater } from './ledger/adapters/high-water-file.ts';
import { fileJournal } from './ledger/adapters/journal-file.ts';
import { postgresLedgerStore } from './ledger/adapters/ledger-store-postgres.ts';
import { writerFile } from './ledger/adapters/writer-file.ts';
import { createLedger } from './ledger/index.ts';
import { operationsRoutes } from './operations.ts';
import { createMetrics } from './platform/metrics/index.ts';
import { createDoors, createLedgerSession, watchControlEpoch } from './platform/postgres/index.ts';
import type { Foundation } from './prepare.ts';
import { requestPath } from './request-path.ts';

/** Entries that belong to no tenant: anonymous traffic, the log itself. */
const platform: TenantId = idOf('tenant', '00000000-0000-7000-8000-000000000000');
/** A database that is silent for longer takes this process out of traffic. */
const silentMs = 5_000;
const partitionsEveryMs = 3_600_000;
const guardDeadlineMs = 2_000;

export interface Composed {
  readonly services: readonly Service[];
  readonly listener: Listener;
  /** Where the first secrets are, while they are there. */
  readonly secrets: { readonly file: string; readonly header: string; exists(): Promise<boolean> };
}

/** The one place where ports meet their adapters. Reads as the deployment does, inside out; constructing starts nothing. */
export async function compose(
  config: Config,
  foundation: Foundation,
  log: Log,
  end: (because: string) => void,
): Promise<Composed> {
  const clock = systemClock;
  const data = path.resolve(config.data);
  const url = urlOf(config);

  // The database, by its doors.
  const doors = createDoors(foundation.app, { max: config.database.connections });
  const appending = createLedgerSession({ target: foundation.ledger });
  const reading = createLedgerSession({ target: foundation.ledger, name: 'reading' });

  // What has been restricted: whatever is kept in memory of callers is asked for again, also for what is under way.
  const control = watchControlEpoch({ target: foundation.ledger, onMoved: onControlEpoch });
  const deadline = createDeadline(config.limits.step_ms);
  const standing = createStanding({
    control,
    again: (x) => identity.again(x),
    authorize: (x) => governance.authorize.run(x),
    running: () => listener.running(),
    within: (working) => deadline.hold(working, 'a renewal'),
  });
  function onControlEpoch(): void {
    identity.forget();
    edge.forget();
    standing.sweep();
  }

  // The ledger.
  const ledgerData = path.join(data, 'ledger');
  const highWater = fileHighWater(ledgerData);
  const writers = writerFile(ledgerData);
  const dead = await writers.previous();
  const ledger = createLedger({
    store: postgresLedgerStore({ appending, reading }),
    entries: postgresEntryStore(doors),
    highWater,
    journal: fileJournal(path.join(ledgerData, 'journal')),
    keys: foundation.tenantKeys,
    clock,
    signingSeed: foundation.signingSeed,
    deployment: `${new URL(url).hostname}/${foundation.deployment}`,
    platform,
    open: config.ledger.public,
    dead,
    limits: {
      outstanding: config.ledger.outstanding,
      batch: config.ledger.batch,
      waitMs: config.ledger.wait_ms,
    },
    standing,
    onControlEpoch: control.learn,
    onFenced: () => end('another process has declared this one dead'),
    onBroken: ({ because }) =>
      log.error(
        'the database does not contain what the ledger had signed: that log is frozen, and a new one begins',
        {
          code: because,
        },
      ),
    onTrouble: (error) => log.warn('the ledger has trouble', { error }),
  });

  // Who calls, and what they may do.
  const keys = foundation.tenantKeys;
  const policies = loadPolicies();
  const rights = createRights(policies);
  const secrets = firstSecretsFile(data);
  const identity = composeIdentity({
    config,
    foundation,
    doors,
    ledger,
    control,
    rights,
    secrets,
    may: (...of) => policies.decide(...of).allowed,
    clock,
    log,
    origin: () => new URL(urlOf(config, listener.port())).origin,
  });
  const guards = [injectionGuard, secretsGuard];
  const governance = createGovernance({
    policies,
    quota: memoryQuota({ clock, tokensPerMinute: config.limits.tokens_per_minute }),
    guards: createGuards({ guards, deadlineMs: guardDeadlineMs }),
    openWindow: () => createWindow(guards),
    clock,
  });

  // Who answers.
  const providers = [
    ...(config.models.rehearsal ? [rehearsal()] : []),
    ...config.models.providers.map(
      ({ name, base_url: baseUrl, api_key: apiKey, models, timeouts, connections }) =>
        openaiCompatible({
          name,
          baseUrl,
          ...(apiKey && { apiKey }),
          models: models.map(({ id, upstream }) => ({ id, ...(upstream && { upstream }) })),
          timeouts: {
            connectMs: timeouts.connect_ms,
            firstByteMs: timeouts.first_byte_ms,
            betweenBytesMs: timeouts.between_bytes_ms,
            totalMs: timeouts.total_ms,
          },
          connections,
        }),
    ),
  ];
  const metrics = createMetrics({ outstanding: ledger.outstanding, keysDue: identity.keysDue });
  const notReady = async (): Promise<string | undefined> => {
    if (listener.draining()) return 'This process is stopping.';
    if (ledger.silentMs() > silentMs) return 'The database does not answer.';
    return undefined;
  };
  const notes = async (): Promise<string[]> => [
    ...((await secrets.exists())
      ? ['The first secrets are still on disk (bootstrap.json): take them over and delete the file.']
      : []),
    ...ledger
      .broken()
      .map(
        ({ origin, because }) =>
          `The ledger's log ${origin} is frozen (${because}): the database does not contain what it had signed, as after a restore of an earlier state. A new log has begun.`,
      ),
  ];
  const edge = composeEdge({
    config,
    doors,
    ledger,
    isRoute: (pattern) => routes.some((each) => each.path === pattern),
    clock,
    log,
  });
  const routes: Route[] = [
    ...operationsRoutes({ notReady, notes, metrics }),
    ...modelRoutes({ catalog: createCatalog(providers) }),
    ...identity.routes,
    ...edge.routes,
    ...ledger.routes,
  ];

  // The door.
  const { listener, services: listening } = composeListener({
    config,
    clock,
    log,
    routes,
    path: requestPath({
      edge: edge.steps,
      identity,
      governance,
      ledger: ledger.sealing,
    }),
    onFault: (x, error) => report(x, error),
    onOver: (x, status) => metrics.exchange(x.route.path, status, x.decision, (clock.now() - x.atMs) / 1000),
  });

  function report(x: Exchange, error: unknown): void {
    const { code } = faultOf(error);
    metrics.fault(code);
    const { status } = faultCatalog[code];
    if (status < 500) return;
    const fields = { request: x.id, route: x.route.path, status, code, error };
    if (status === 500) log.error('a request failed', fields);
    else log.warn('a request could not be served', fields);
  }

  let timer: NodeJS.Timeout | undefined;
  const services: Service[] = [
    ...(foundation.database ? [{ ...foundation.database, start: async () => {} }] : []),
    { name: 'database doors', start: async () => {}, stop: () => doors.close() },
    {
      name: 'partitions',
      async start() {
        await doors.ensurePartitions();
        timer = setInterval(() => {
          doors
            .ensurePartitions()
            .catch((error: unknown) => log.warn('partitions could not be made', { error }));
        }, partitionsEveryMs);
      },
      async stop() {
        clearInterval(timer);
      },
    },
    reading,
    appending,
    control,
    {
      name: 'ledger',
      async start() {
        await keys.create(platform);
        // Those before stay known until they are fenced: this start may be killed too.
        await writers.remember(...dead, ledger.writer);
        await ledger.service.start();
        await writers.remember(ledger.writer);
      },
      async stop() {
        await ledger.service.stop();
        highWater.close();
      },
    },
    {
      name: 'first start',
      async start() {
        if (foundation.bootstrapped) return;
        if (await identity.bootstrap({ url, ledgerPublicKey: ledger.vkey() }))
          log.info('the first organization was made', { path: secrets.file });
      },
      stop: async () => {},
    },
    ...identity.services,
    ...edge.services,
    {
      name: 'providers',
      start: async () => {},
      stop: async () => void (await Promise.all(providers.map((each) => each.close()))),
    },
    ...listening,
  ];
  return { services, listener, secrets };
}
