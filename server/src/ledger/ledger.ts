import { setTimeout as sleep } from 'node:timers/promises';
import type { TenantId } from '@vallum/contract';
import {
  type Clock,
  type LedgerAppend,
  type NewEntry,
  newId,
  type Route,
  type Service,
  type Standing,
  type TenantKeys,
  uuidv7,
} from '../kernel/index.ts';
import { createAppender } from './appender.ts';
import { createSigner } from './checkpoint.ts';
import { createExplorer } from './explorer.ts';
import { createProvers } from './head.ts';
import { createMarks } from './high-water.ts';
import { sealEntry } from './leaf.ts';
import { type Broken, createLogKeeper, type Opened } from './log-keeper.ts';
import type { EntryStore, HighWater, Journal, LedgerStore } from './ports.ts';
import { createPublicLog } from './public-log.ts';
import { ledgerRoutes } from './routes.ts';
import { createSealing, type Sealing } from './seal.ts';
import { createSequencer, type SequencerLimits } from './sequencer.ts';
import { createTally } from './tally.ts';
import { createTenantSealers } from './tenant-sealers.ts';
import { createWriters } from './writers.ts';

interface LedgerParts {
  readonly store: LedgerStore;
  readonly entries: EntryStore;
  readonly highWater: HighWater;
  readonly journal: Journal;
  readonly keys: TenantKeys;
  readonly clock: Clock;
  /** 32 secret bytes: the seed of the log's Ed25519 key. */
  readonly signingSeed: Buffer;
  /** `<host>/<deployment id>`: what every origin begins with. */
  readonly deployment: string;
  /** The tenant of entries that belong to none. */
  readonly platform: TenantId;
  /** Whether anybody may read tiles. */
  readonly open: boolean;
  /** Writers that used this data directory before, and so are dead. */
  readonly dead: readonly string[];
  readonly limits: SequencerLimits;
  /** Whether who was let in may still have the answer. */
  readonly standing: Standing;
  readonly onControlEpoch: (epoch: number) => void;
  readonly onFenced: () => void;
  /** This process has begun a log in place of one that the database does not contain any more as it was signed. */
  readonly onBroken: (broken: Broken) => void;
  readonly onTrouble: (error: unknown) => void;
}

export interface Ledger extends LedgerAppend {
  readonly sealing: Sealing;
  readonly routes: readonly Route[];
  readonly service: Service;
  /** Names this process among those that append. */
  readonly writer: string;
  /** The verifier key of the log that takes entries now. Only after the start. */
  vkey(): string;
  outstanding(): number;
  /** Milliseconds since the log's database last answered. */
  silentMs(): number;
  /** Logs that the database does not contain any more as they were signed. */
  broken(): readonly Broken[];
}

const heartbeatMs = 1_000;
const silentMs = 10_000;
const graceMs = 3_000;

/** Puts the ledger together: who appends, what is sealed on the path, what is shown. */
export function createLedger(parts: LedgerParts): Ledger {
  const { store, entries, highWater, journal, keys, clock, platform, onTrouble } = parts;
  const signer = createSigner(parts.signingSeed);
  const prover = createProvers(store);
  const marks = createMarks(highWater);
  const sealers = createTenantSealers(keys);
  const writer = uuidv7(clock.now());
  let epoch = 0;

  /** Unix ms of the last answer of the database. */
  let answeredAt = 0;
  const onControlEpoch = (now: number): void => {
    answeredAt = clock.now();
    if (now === epoch) return;
    epoch = now;
    parts.onControlEpoch(now);
  };
  const openLog = createLogKeeper({ store, signer, highWater, prover, clock, deployment: parts.deployment });
  let broken: readonly Broken[] = [];
  async function open(): Promise<Opened> {
    const opened = await openLog();
    broken = opened.broken;
    const last = broken.at(-1);
    if (last && opened.begun?.after?.origin === last.origin) parts.onBroken(last);
    return opened;
  }
  const appender = createAppender({
    store,
    signer,
    marks,
    clock,
    writer,
    onControlEpoch,
    open,
    firstLeaf: async (opened) =>
      sealEntry(begins(opened), sealers.atHand(platform) ?? (await sealers.load(platform))),
  });
  const sequencer = createSequencer({
    appender,
    entries,
    sealers,
    clock,
    limits: parts.limits,
    onFenced: parts.onFenced,
    onTrouble,
  });

  /** The first entry of a log: what it follows, and why. */
  function begins({ head, begun }: Opened): NewEntry {
    const now = clock.now();
    const before = begun?.after
      ? { because: begun.after.because, origin: begun.after.origin, size: begun.after.size }
      : null;
    return {
      entry: {
        at: new Date(now).toISOString(),
        change: { after: { origin: head.log.origin, vkey: head.log.vkey }, before, type: 'log.begun' },
        id: newId('entry', now),
        kind: 'log',
        phase: 0,
        principal: { id: writer, type: 'system' },
        tenant: platform,
        v: 1,
      },
    };
  }

  const ledger: LedgerAppend = {
    append: sequencer.append,
    async journal(entry) {
      await journal.keep(entry);
      // The caller does not wait for this; a restart tries again.
      sequencer
        .append(entry)
        .then(() => journal.drop(entry))
        .catch(onTrouble);
    },
  };
  const tally = createTally({ ledger, clock, onTrouble });
  const writers = createWriters({
    store,
    ledger,
    clock,
    writer,
    dead: parts.dead,
    heartbeatMs,
    silentMs,
    settled: sequencer.settled,
    onControlEpoch,
    onFenced: parts.onFenced,
    onTrouble,
  });
  const timers: NodeJS.Timeout[] = [];

  async function everySecond(): Promise<void> {
    await Promise.all([marks.flush(), tally.sweep()]);
  }

  return {
    ...ledger,
    writer,
    sealing: createSealing({ ledger, tally, clock, standing: parts.standing, platform, onTrouble }),
    routes: ledgerRoutes({
      explorer: createExplorer({ entries, keys }),
      log: createPublicLog({ store, prover, marks }),
      open: parts.open,
    }),
    vkey: () => appender.head()?.log.vkey ?? '',
    outstanding: sequencer.outstanding,
    silentMs: () => clock.now() - answeredAt,
    broken: () => broken,
    service: {
      name: 'ledger',
      async start() {
        await appender.open();
        await writers.start();
        for (const entry of await journal.kept()) await ledger.journal(entry);
        timers.push(
          setInterval(() => void everySecond().catch(onTrouble), 1_000),
          setInterval(sequencer.expire, 50),
        );
      },
      async stop() {
        for (const timer of timers) clearInterval(timer);
        await Promise.race([tally.flush(), sleep(graceMs, undefined, { ref: false })]);
        await sequencer.stop(graceMs);
        await writers.stop();
        await marks.flush();
      },
    },
  };
}
