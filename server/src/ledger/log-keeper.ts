import type { Clock } from '../kernel/index.ts';
import type { Signer } from './checkpoint.ts';
import { type Head, loadHead } from './head.ts';
import { compareWithMark, type Mark, parseMark } from './high-water.ts';
import type { Freeze, HighWater, LedgerStore, Log, LogHead } from './ports.ts';
import type { Prover } from './prover.ts';
import { rootOf } from './tree.ts';

/** A log that has just been begun, and what it follows; its first entry says so. */
export interface Begun {
  readonly after: { readonly origin: string; readonly size: number; readonly because: Freeze } | undefined;
}

/** A log that was frozen because the database did not contain it any more as it had been signed. */
export interface Broken {
  readonly origin: string;
  readonly because: Exclude<Freeze, 'ended'>;
}

export interface Opened {
  readonly head: Head;
  /** Oldest first. */
  readonly broken: readonly Broken[];
  /** Present while the log has no first entry: for who began it, and for others when that one died before it. */
  readonly begun: Begun | undefined;
}

interface KeeperParts {
  readonly store: LedgerStore;
  readonly signer: Signer;
  readonly highWater: HighWater;
  readonly prover: (log: number) => Prover;
  readonly clock: Clock;
  /** `<host>/<deployment id>`: what every origin begins with. */
  readonly deployment: string;
}

/**
 * Opens the log that takes entries now: after a start, a lost connection or the turn of a year. Before anything may be signed, the database
 * must still contain the high-water checkpoint; if it does not, its log is frozen and a new origin begins.
 */
export function createLogKeeper({ store, signer, highWater, prover, clock, deployment }: KeeperParts) {
  const yearNow = (): number => new Date(clock.now()).getUTCFullYear();

  function follow(logs: readonly LogHead[], mark: Mark | undefined): Log {
    const year = yearNow();
    const sameYear = logs.filter(({ log }) => log.year === year).length;
    const origin = `${deployment}/${year}${sameYear > 0 ? `-${sameYear + 1}` : ''}`;
    const ends = logs.map(({ log, last }) => log.base + (last?.next ?? 0));
    return {
      log: Math.max(0, ...logs.map(({ log }) => log.log)) + 1,
      // A database without its logs may be asked for an origin that has been used; the mark knows better.
      origin: mark?.origin === origin ? `${origin}-${mark.size}` : origin,
      vkey: signer.vkey(mark?.origin === origin ? `${origin}-${mark.size}` : origin),
      year,
      base: Math.max(0, ...ends, mark ? mark.base + mark.size : 0),
    };
  }

  /** What keeps the newest log from being continued. */
  async function judge(
    newest: LogHead,
    logs: readonly LogHead[],
    mark: Mark | undefined,
  ): Promise<Freeze | Head> {
    if (newest.frozen !== undefined) return newest.frozen;
    const wrong = mark && (await compareWithMark(mark, logs, prover));
    if (wrong) return wrong;
    const head = await loadHead(store, newest.log, newest.last);
    if (newest.last && !rootOf(head.tree).equals(newest.last.root)) return 'damaged';
    return yearNow() > newest.log.year ? 'ended' : head;
  }

  return async function open(): Promise<Opened> {
    let begun: Begun | undefined;
    for (;;) {
      const kept = await highWater.read();
      const mark = kept === undefined ? undefined : parseMark(kept, signer);
      const logs = await store.logs();
      const newest = logs.at(-1);
      const verdict = newest && (await judge(newest, logs, mark));
      if (typeof verdict === 'object') {
        if (newest?.last === undefined) begun ??= begunAfter(logs.at(-2));
        return { head: verdict, broken: logs.flatMap(brokenOf), begun };
      }

      await store.locked(async (held) => {
        const still = await held.head();
        // Somebody else went on meanwhile: look again.
        if (still?.log.log !== newest?.log.log || still?.last?.next !== newest?.last?.next) return;
        const size = newest?.last?.next ?? 0;
        if (newest && verdict && newest.frozen === undefined)
          await held.freeze(newest.log.log, verdict, size);
        await held.begin(follow(logs, mark));
        begun = {
          after: newest && verdict ? { origin: newest.log.origin, size, because: verdict } : undefined,
        };
      });
    }
  };
}

const begunAfter = (before: LogHead | undefined): Begun => ({
  after:
    before?.frozen === undefined
      ? undefined
      : { origin: before.log.origin, size: before.last?.next ?? 0, because: before.frozen },
});

const brokenOf = ({ log: { origin }, frozen }: LogHead): Broken[] =>
  frozen === undefined || frozen === 'ended' ? [] : [{ origin, because: frozen }];
