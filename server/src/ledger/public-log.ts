import { encodeEntries, formatProof, parseTilePath, widthIn } from '@vallum/contract/tlog';
import { Fault } from '../kernel/index.ts';
import { readTile } from './head.ts';
import type { Marks } from './high-water.ts';
import { leafBytes } from './leaf.ts';
import type { LedgerStore, LogHead } from './ports.ts';
import type { Prover } from './prover.ts';

interface PublicLogParts {
  readonly store: LedgerStore;
  readonly prover: (log: number) => Prover;
  readonly marks: Marks;
}

/** What anybody may be shown of the log: signed heads, tiles, proofs. Commitments and hashes only. */
export function createPublicLog({ store, prover, marks }: PublicLogParts) {
  const nothing = (): Fault => new Fault('not-found', { detail: 'The log has no such thing.' });

  /** A head may be shown only when it is safe outside of the database, so that no restore can contradict it unnoticed. */
  async function shown(
    wanted: LogHead | undefined,
  ): Promise<LogHead & { last: NonNullable<LogHead['last']> }> {
    if (!wanted?.last) throw nothing();
    const { log, last } = wanted;
    marks.advance(log.base, { origin: log.origin, size: last.next }, last.checkpoint);
    await marks.flush();
    return { ...wanted, last };
  }

  const logOf = async (log: number | undefined): Promise<LogHead | undefined> => {
    const logs = await store.logs();
    return log === undefined ? logs.at(-1) : logs.find((known) => known.log.log === log);
  };

  /** @param log the newest where it is not given. */
  async function checkpoint(log?: number): Promise<string> {
    return (await shown(await logOf(log))).last.checkpoint;
  }

  /** The bytes of a tile or an entry bundle (C2SP tlog-tiles). */
  async function tile(path: string, log?: number): Promise<{ bytes: Uint8Array; full: boolean }> {
    const wanted = parse(path);
    const { log: known, last } = await shown(await logOf(log));
    if (widthIn(last.next, wanted) < wanted.width) throw nothing();
    const full = wanted.width === 256;
    if (wanted.level !== 'entries') {
      return { bytes: await readTile(store, known.log)(wanted.level, wanted.index, wanted.width), full };
    }
    const from = wanted.index * 256;
    const commitments = await store.commitments(known.log, from, from + wanted.width);
    const leaves = Array.from({ length: wanted.width }, (_, i) =>
      leafBytes(commitments.subarray(i * 32, i * 32 + 32)),
    );
    return { bytes: encodeEntries(leaves), full };
  }

  function parse(path: string): ReturnType<typeof parseTilePath> {
    try {
      return parseTilePath(path);
    } catch {
      throw nothing();
    }
  }

  /** A C2SP tlog-proof of the entry at a global index, in the newest head of its log. */
  async function proof(position: number): Promise<string> {
    const logs = await store.logs();
    const holds = ({ log, last }: LogHead): boolean =>
      log.base <= position && position < log.base + (last?.next ?? 0);
    const { log, last } = await shown(logs.findLast(holds));
    const index = position - log.base;
    const hashes = await prover(log.log).inclusion(index, last.next);
    return formatProof({ index, hashes, checkpoint: last.checkpoint });
  }

  return { checkpoint, tile, proof };
}

export type PublicLog = ReturnType<typeof createPublicLog>;
