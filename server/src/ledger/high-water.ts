import { Fault } from '../kernel/index.ts';
import type { Signer } from './checkpoint.ts';
import type { HighWater, LogHead } from './ports.ts';
import type { Prover } from './prover.ts';

/** The furthest that this process knows the log to have come, from outside of the database. */
export interface Mark {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** Global index of the log's first leaf. */
  readonly base: number;
}

/** What is kept: the base, which no checkpoint holds, and the checkpoint. */
const formatMark = (base: number, checkpoint: string): string => `${base}\n${checkpoint}`;

/** @throws Fault `internal` when it is not what this deployment's key signed: then nobody can say how far the log had come. */
export function parseMark(text: string, signer: Signer): Mark {
  const [base = '', origin = '', size = '', root = ''] = text.split('\n', 4);
  const mark = { base: Number(base), origin, size: Number(size), root: Buffer.from(root, 'base64') };
  // Ed25519 is deterministic (RFC 8032), so the note must be, byte for byte, what the key would sign again.
  if (formatMark(mark.base, signer.checkpoint(origin, mark.size, mark.root)) !== text) {
    throw new Fault('internal', {
      because: "the high-water checkpoint on disk is not signed by this deployment's ledger key",
    });
  }
  return mark;
}

/**
 * Whether the database still contains what was marked (DESIGN 9.2).
 * @returns undefined when it does, else what is wrong with it.
 */
export async function compareWithMark(
  mark: Mark,
  logs: readonly LogHead[],
  prover: (log: number) => Prover,
): Promise<'behind' | 'forked' | undefined> {
  const known = logs.find(({ log }) => log.origin === mark.origin);
  if (!known) return 'behind';
  // Somebody noticed before us, and a new origin has begun.
  if (known.frozen !== undefined && known.frozen !== 'ended') return undefined;
  const size = known.last?.next ?? 0;
  if (size < mark.size) return 'behind';
  if (mark.size === 0) return undefined;
  const root = await prover(known.log.log).rootAt(mark.size);
  return root.equals(mark.root) ? undefined : 'forked';
}

/** Keeps the mark moving forward only, whoever moves it: what this process appends, and what others did when it is shown. */
export function createMarks(highWater: HighWater) {
  let origin = '';
  let size = -1;
  let base = -1;
  return {
    /** @param from global index of the log's first leaf: the head of an earlier log, which anybody may ask for, is behind any of a later one. */
    advance(
      from: number,
      head: { readonly origin: string; readonly size: number },
      checkpoint: string,
    ): void {
      if (from < base || (head.origin === origin && head.size <= size)) return;
      base = from;
      ({ origin, size } = head);
      highWater.write(formatMark(base, checkpoint));
    },
    /** Resolves when the furthest mark is safe from a loss of power. */
    flush: (): Promise<void> => highWater.flush(),
  };
}

export type Marks = ReturnType<typeof createMarks>;
