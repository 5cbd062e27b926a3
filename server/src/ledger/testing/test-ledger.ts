import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TenantId } from '@vallum/contract';
import { type Clock, type NewEntry, newId, systemClock } from '../../kernel/index.ts';
import { createLedgerSession } from '../../platform/postgres/index.ts';
import type { TestDatabase } from '../../platform/postgres/testing/test-database.ts';
import { openKeyfile } from '../../vault/adapters/keyfile.ts';
import { postgresEntryStore } from '../adapters/entry-store-postgres.ts';
import { fileHighWater } from '../adapters/high-water-file.ts';
import { fileJournal } from '../adapters/journal-file.ts';
import { postgresLedgerStore } from '../adapters/ledger-store-postgres.ts';
import { createLedger, type Ledger } from '../ledger.ts';
import type { LedgerStore } from '../ports.ts';

/** What processes of one deployment share: the database and the keys. */
export interface Deployment {
  readonly database: TestDatabase;
  readonly folder: string;
  readonly seed: Buffer;
  readonly platform: TenantId;
  readonly tenant: TenantId;
}

export type TestDeployment = Deployment & { remove(): Promise<void> };

export async function testDeployment(database: TestDatabase): Promise<TestDeployment> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vallum-ledger-'));
  const { tenantKeys } = await openKeyfile(path.join(folder, 'keys'));
  const [platform, tenant] = [newId('tenant', 1), newId('tenant', Date.now())];
  await tenantKeys.create(platform);
  await tenantKeys.create(tenant);
  return {
    database,
    folder,
    seed: randomBytes(32),
    platform,
    tenant,
    remove: () => rm(folder, { recursive: true }),
  };
}

export interface TestLedger extends Ledger {
  readonly store: LedgerStore;
  readonly troubles: unknown[];
  fenced(): boolean;
  stop(): Promise<void>;
}

interface Options {
  /** Its own part of the data directory: its high-water mark and its journal. */
  readonly name?: string;
  readonly dead?: readonly string[];
  readonly clock?: Clock;
  readonly waitMs?: number;
  readonly outstanding?: number;
  readonly store?: (store: LedgerStore) => LedgerStore;
}

/** A ledger as one process has it, started. */
export async function testLedger(deployment: Deployment, options: Options = {}): Promise<TestLedger> {
  const { database, folder, seed, platform } = deployment;
  const appending = createLedgerSession({ target: database.targets.ledger });
  const reading = createLedgerSession({ target: database.targets.ledger, name: 'reading' });
  const own = path.join(folder, options.name ?? 'one');
  const store = (options.store ?? ((same) => same))(postgresLedgerStore({ appending, reading }));
  const troubles: unknown[] = [];
  let fenced = false;
  const { tenantKeys } = await openKeyfile(path.join(folder, 'keys'));
  const highWater = fileHighWater(own);
  const ledger = createLedger({
    store,
    entries: postgresEntryStore(database.doors),
    highWater,
    journal: fileJournal(path.join(own, 'journal')),
    keys: tenantKeys,
    clock: options.clock ?? systemClock,
    signingSeed: seed,
    deployment: 'test.local/deployment',
    platform,
    open: true,
    dead: options.dead ?? [],
    limits: { outstanding: options.outstanding ?? 10_000, batch: 1_000, waitMs: options.waitMs ?? 5_000 },
    standing: { holds: () => true, renew: async () => {} },
    onControlEpoch: () => {},
    onFenced: () => {
      fenced = true;
    },
    onBroken: () => {},
    onTrouble: (error) => troubles.push(error),
  });
  await ledger.service.start();
  return {
    ...ledger,
    store,
    troubles,
    fenced: () => fenced,
    async stop() {
      await ledger.service.stop();
      await appending.stop();
      await reading.stop();
      highWater.close();
    },
  };
}

/** An entry of its own id. */
export function entryOf(
  tenant: TenantId,
  kind: 'change' | 'intent' = 'change',
  id = newId('request', Date.now()),
): NewEntry {
  return {
    entry: {
      action: 'model:invoke',
      at: new Date().toISOString(),
      decision: 'allow',
      id,
      kind,
      phase: 0,
      principal: { id: 'key_1', type: 'service' },
      tenant,
      v: 1,
    },
  };
}
