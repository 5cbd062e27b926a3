/**
 * What one process appends to the ledger, on an embedded PostgreSQL of its own with everything durable, beside what the disk itself does: one line of JSON on
 * standard output. `npm run bench -- ledger` runs it. Its argument: milliseconds for each measurement.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atTheEnd } from '../../bench/processes/together.ts';
import { quantile } from '../../bench/report/statistics.ts';
import { loadConfig } from '../src/config.ts';
import { systemClock as clock, type NewEntry, newId } from '../src/kernel/index.ts';
import { postgresEntryStore } from '../src/ledger/adapters/entry-store-postgres.ts';
import { fileHighWater } from '../src/ledger/adapters/high-water-file.ts';
import { fileJournal } from '../src/ledger/adapters/journal-file.ts';
import { postgresLedgerStore } from '../src/ledger/adapters/ledger-store-postgres.ts';
import { createLedger, type Ledger } from '../src/ledger/ledger.ts';
import { createLog } from '../src/platform/log/index.ts';
import { createDoors, createLedgerSession } from '../src/platform/postgres/index.ts';
import { prepare } from '../src/prepare.ts';

const ms = Number(process.argv[2] ?? 5_000);
const warmUpMs = Math.min(ms, 5_000);
const callers = [1, 32, 128, 1_024];
/** The load of the latency's budget: entries each second, in portions as a clock can pace them. */
const pacedPerSecond = 1_000;
const portionMs = 10;

const tenant = newId('tenant', clock.now());
const platform = newId('tenant', 1);

/** The two entries of an exchange, as sealing makes them. */
function exchange(): readonly [intent: NewEntry, outcome: NewEntry] {
  const id = newId('request', clock.now());
  const common = {
    at: new Date(clock.now()).toISOString(),
    decision: 'allow' as const,
    id,
    tenant,
    v: 1 as const,
  };
  const who = { action: 'model:invoke', principal: { id: 'key_bench', type: 'service' as const } };
  return [
    { entry: { ...common, ...who, kind: 'intent', phase: 0 } },
    { entry: { ...common, ...who, kind: 'outcome', phase: 1 } },
  ];
}

/** Exchanges one after the other, by so many callers at once. */
async function saturate({ append }: Ledger, count: number, forMs: number) {
  let entries = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  const caller = async (): Promise<void> => {
    while (performance.now() - began < forMs)
      for (const entry of exchange()) {
        await append(entry);
        entries++;
      }
  };
  await Promise.all(Array.from({ length: count }, caller));
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { callers: count, perSecond: entries / seconds, cpuMicros: (user + system) / entries };
}

/** Entries at a steady rate, whatever the answers take. */
async function pace({ append }: Ledger, forMs: number) {
  const times: number[] = [];
  const all: Promise<void>[] = [];
  const one = async (entry: NewEntry): Promise<void> => {
    const began = performance.now();
    await append(entry);
    times.push(performance.now() - began);
  };
  const began = performance.now();
  for (let due = 0; performance.now() - began < forMs; await sleep(portionMs)) {
    // After a pause of this process everything that was due comes at once, as callers do not pause with it.
    for (const until = ((performance.now() - began) / 1_000) * pacedPerSecond; due < until; due += 2)
      for (const entry of exchange()) all.push(one(entry));
  }
  await Promise.all(all);
  const sorted = Float64Array.from(times).sort();
  return {
    perSecond: times.length / ((performance.now() - began) / 1_000),
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
}

/** Writes of one database page, each on disk before the next. */
function rawSyncs(folder: string, forMs: number) {
  const page = Buffer.alloc(8_192, 1);
  const file = path.join(folder, 'raw');
  const descriptor = openSync(file, 'w');
  const times: number[] = [];
  for (const until = performance.now() + forMs; performance.now() < until; ) {
    const began = performance.now();
    writeSync(descriptor, page);
    fdatasyncSync(descriptor);
    times.push(performance.now() - began);
  }
  closeSync(descriptor);
  rmSync(file);
  const sorted = Float64Array.from(times).sort();
  return {
    perSecond: (times.length / forMs) * 1_000,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
}

const result = await atTheEnd(async (stop) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vallum-bench-'));
  stop.push({ stop: () => rm(folder, { recursive: true }) });
  // As root the database runs as another user, who must come through.
  await chmod(folder, 0o711);
  const { config } = loadConfig({ VALLUM_DATA: path.join(folder, 'data') }, folder);
  const foundation = await prepare(config, createLog('silent'));
  if (foundation.database) stop.push(foundation.database);
  const { tenantKeys: keys } = foundation;
  for (const each of [platform, tenant]) await keys.create(each);

  const doors = createDoors(foundation.app, { max: config.database.connections });
  stop.push({ stop: () => doors.close() });
  await doors.ensurePartitions();
  const appending = createLedgerSession({ target: foundation.ledger });
  const reading = createLedgerSession({ target: foundation.ledger, name: 'reading' });
  for (const session of [appending, reading]) {
    await session.start();
    stop.push(session);
  }
  const highWater = fileHighWater(path.join(folder, 'ledger'));
  const ledger = createLedger({
    store: postgresLedgerStore({ appending, reading }),
    entries: postgresEntryStore(doors),
    highWater,
    journal: fileJournal(path.join(folder, 'ledger', 'journal')),
    keys,
    clock,
    signingSeed: foundation.signingSeed,
    deployment: `localhost/${foundation.deployment}`,
    platform,
    open: true,
    dead: [],
    limits: {
      outstanding: config.ledger.outstanding,
      batch: config.ledger.batch,
      waitMs: config.ledger.wait_ms,
    },
    standing: { holds: () => true, renew: async () => {} },
    onControlEpoch: () => {},
    onFenced: () => {},
    onBroken: () => {},
    onTrouble: (error) => process.stderr.write(`the ledger has trouble: ${String(error)}\n`),
  });
  await ledger.service.start();
  stop.push({
    async stop() {
      await ledger.service.stop();
      highWater.close();
    },
  });

  await saturate(ledger, 128, warmUpMs);
  const saturated = [];
  for (const count of callers) saturated.push(await saturate(ledger, count, ms));
  return { saturated, paced: await pace(ledger, ms), raw: rawSyncs(folder, Math.min(ms, 2_000)) };
});
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
