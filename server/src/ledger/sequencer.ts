import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { uuidOf } from '@vallum/contract';
import { type Clock, Fault, type NewEntry } from '../kernel/index.ts';
import type { Appender } from './appender.ts';
import type { Head } from './head.ts';
import { type Leaf, sealEntry } from './leaf.ts';
import type { EntryStore } from './ports.ts';
import type { TenantSealer, TenantSealers } from './tenant-sealers.ts';

/** One entry on its way into the log. */
interface Waiting {
  readonly entry: NewEntry['entry'];
  readonly leaf: Leaf;
  readonly resolve: (index: number) => void;
  readonly reject: (fault: Fault) => void;
  /** When its caller gives up; the entry itself goes on. */
  deadlineMs: number;
}

export interface SequencerLimits {
  /** Entries that may wait at once; past it callers are refused, and nothing that was accepted is dropped. */
  readonly outstanding: number;
  /** Entries of one batch. */
  readonly batch: number;
  /** How long a caller waits, in ms. */
  readonly waitMs: number;
}

interface SequencerParts {
  readonly appender: Appender;
  readonly entries: EntryStore;
  readonly sealers: TenantSealers;
  readonly clock: Clock;
  readonly limits: SequencerLimits;
  /** This process was declared dead and must end. */
  readonly onFenced: () => void;
  readonly onTrouble: (error: unknown) => void;
}

/** Pauses between attempts while the database does not answer, in ms. */
const pausesMs = [20, 50, 100, 250, 500];

/**
 * Group commit without a timer: if no commit is in flight, commit at once; everything that arrives meanwhile goes in the next one.
 * One batch is on its way at a time, so the order of the log is the order of arrival.
 */
export function createSequencer({ appender, entries, sealers, clock, limits, ...parts }: SequencerParts) {
  let waiting: Waiting[] = [];
  let inFlight: readonly Waiting[] = [];
  /** Intents without an outcome, by id, with their global index, oldest first: what is lost if this process dies. */
  const open = new Map<string, number>();
  let pumping: Promise<void> | undefined;
  let closed = false;

  const openFrom = (items: readonly Waiting[]) => (at: Head) => {
    const [oldest] = open.values();
    const opens = items.some(({ entry }) => entry.kind === 'intent');
    return oldest ?? (opens ? at.log.base + at.tree.size : undefined);
  };

  function settle(items: readonly Waiting[], index: number): void {
    for (const [i, { entry, resolve }] of items.entries()) {
      if (entry.kind === 'intent') open.set(entry.id, index + i);
      else if (entry.kind === 'outcome') open.delete(entry.id);
      resolve(index + i);
    }
  }

  /** Gets these entries into the log, however long it takes. */
  async function commit(items: readonly Waiting[]): Promise<void> {
    const leaves = items.map(({ leaf }) => leaf);
    for (let failures = 0; ; failures++) {
      try {
        const placement = await appender.place(leaves, openFrom(items));
        if (placement.kind === 'placed') return settle(items, placement.index);
        if (placement.kind === 'fenced') return fence(items);
        return items.length > 1 ? await commitEach(items) : await find(items);
      } catch (error) {
        parts.onTrouble(error);
        if (error instanceof Fault && error.code === 'internal')
          return items.length > 1
            ? await commitEach(items)
            : refuse(items, 'the database refuses this entry', error);
        if (closed) throw error;
        await sleep(pausesMs[Math.min(failures, pausesMs.length - 1)]);
      }
    }
  }

  /** One of several entries is in the log already, or cannot be; alone, each one shows whether it is. */
  async function commitEach(items: readonly Waiting[]): Promise<void> {
    for (const item of items) await commit([item]);
  }

  /** Entries that the log refuses as duplicates have an index already. */
  async function find(items: readonly Waiting[]): Promise<void> {
    for (const item of items) {
      const { entry, reject } = item;
      const index = await entries.positionOf(entry.tenant, uuidOf(entry.id), entry.phase);
      if (index !== undefined) settle([item], index);
      else
        reject(new Fault('internal', { because: `${entry.id} was refused as a duplicate and is not there` }));
    }
  }

  function refuse(items: readonly Waiting[], because: string, cause?: unknown): void {
    for (const { reject } of items) reject(unavailable(because, cause));
  }

  function fence(items: readonly Waiting[]): void {
    closed = true;
    refuse([...items, ...waiting], 'this process was declared dead by another one');
    waiting = [];
    parts.onFenced();
  }

  async function pump(): Promise<void> {
    try {
      while (waiting.length > 0) {
        // Once around the loop: what arrives in the same turn shares the commit.
        await immediate();
        inFlight = waiting.slice(0, limits.batch);
        waiting = waiting.slice(limits.batch);
        await commit(inFlight);
      }
    } catch (error) {
      // Only while stopping: what is left is refused here, and found as lost by the next start.
      refuse([...inFlight, ...waiting], 'the ledger stopped', error);
      waiting = [];
    } finally {
      inFlight = [];
      pumping = undefined;
    }
  }

  /** Callers whose time is up are refused; their entries still go into the log. */
  function expire(): void {
    const now = clock.now();
    for (const item of [...inFlight, ...waiting]) {
      if (item.deadlineMs > now) continue;
      item.deadlineMs = Number.POSITIVE_INFINITY;
      item.reject(unavailable('the ledger did not answer in time'));
    }
  }
  function append(newEntry: NewEntry): Promise<number> {
    const { tenant } = newEntry.entry;
    const sealer = sealers.atHand(tenant);
    return sealer
      ? appendWith(sealer, newEntry)
      : sealers.load(tenant).then((loaded) => appendWith(loaded, newEntry));
  }

  /** What is thrown in here rejects. */
  function appendWith(sealer: TenantSealer, newEntry: NewEntry): Promise<number> {
    return new Promise((resolve, reject) => {
      if (closed) throw unavailable('the ledger has stopped');
      if (waiting.length + inFlight.length >= limits.outstanding)
        throw unavailable('too many entries wait for the ledger');
      const { entry } = newEntry;
      const leaf = sealEntry(newEntry, sealer);
      waiting.push({ entry, leaf, resolve, reject, deadlineMs: clock.now() + limits.waitMs });
      pumping ??= pump();
    });
  }

  return {
    append,
    expire,
    /** Entries that wait, those on their way included. */
    outstanding: (): number => waiting.length + inFlight.length,
    /** Whether every exchange whose intent this process appended has its end in the log too. */
    settled: (): boolean => open.size === 0 && waiting.length + inFlight.length === 0,
    /** Appends what waits for at most `graceMs`, then takes nothing more. */
    async stop(graceMs: number): Promise<void> {
      await Promise.race([pumping, sleep(graceMs, undefined, { ref: false })]);
      closed = true;
      await Promise.race([pumping, sleep(graceMs, undefined, { ref: false })]);
    },
  };
}

const unavailable = (because: string, cause?: unknown): Fault =>
  new Fault('unavailable', {
    detail: 'The ledger does not answer, and without a record there is no answer. Try again.',
    because,
    cause,
    retryAfterSeconds: 1,
  });
