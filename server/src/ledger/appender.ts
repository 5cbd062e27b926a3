import type { Clock } from '../kernel/index.ts';
import { type Built, buildBatch } from './batch.ts';
import type { Signer } from './checkpoint.ts';
import { absorb, type Head } from './head.ts';
import type { Marks } from './high-water.ts';
import type { Leaf } from './leaf.ts';
import type { Opened } from './log-keeper.ts';
import type { Appended, LedgerStore } from './ports.ts';

interface AppenderParts {
  readonly store: LedgerStore;
  readonly signer: Signer;
  readonly marks: Marks;
  readonly clock: Clock;
  readonly open: () => Promise<Opened>;
  /** The leaf that a log begins with: what it follows, and why. */
  readonly firstLeaf: (opened: Opened) => Promise<Leaf>;
  readonly writer: string;
  readonly onControlEpoch: (epoch: number) => void;
}

/** Where leaves came to be, or why they are not in the log. */
export type Placement =
  | { readonly kind: 'placed' /** Global index of the first. */; readonly index: number }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'duplicate' };

/**
 * Puts batches at the end of whatever log takes entries now. It follows what other processes append, opens the log anew after trouble (when the high-water
 * checkpoint is compared again), and learns whether a batch whose commit had no answer is in the log.
 */
export function createAppender({ store, signer, marks, clock, writer, ...parts }: AppenderParts) {
  let head: Head | undefined;
  /** Others append too: then reading what they did under the lock beats losing the race each time. */
  let contended = false;
  /** Sent, and not answered. */
  let tried: { readonly built: Built; readonly leaves: readonly Leaf[] } | undefined;
  /** The first leaf of a log that we began and that does not have it yet. */
  let owed: readonly Leaf[] | undefined;

  /** Whether a stored batch is this one: the same writer, from the same place, with the same root. */
  const isSame = (stored: { writer: string; root: Buffer } | undefined, { batch }: Built): boolean =>
    stored?.writer === writer && stored.root.equals(batch.root);

  function advance(to: Head, controlEpoch?: number): void {
    head = to;
    tried = undefined;
    if (to.checkpoint)
      marks.advance(to.log.base, { origin: to.log.origin, size: to.tree.size }, to.checkpoint);
    if (controlEpoch !== undefined) parts.onControlEpoch(controlEpoch);
  }

  const placed = ({ head: { log }, batch }: Built): Placement => ({
    kind: 'placed',
    index: log.base + batch.start,
  });

  /** Opens the log anew. @returns where the leaves are, if what was tried last is in the log after all. */
  async function reopen(): Promise<{ leaves: readonly Leaf[]; placement: Placement } | undefined> {
    const opened = await parts.open();
    const last = tried;
    const [stored] = last ? await store.batchesFrom(last.built.batch.log, last.built.batch.start, 1) : [];
    if (opened.begun) owed = [await parts.firstLeaf(opened)];
    advance(opened.head);
    return last && isSame(stored, last.built)
      ? { leaves: last.leaves, placement: placed(last.built) }
      : undefined;
  }

  function build(at: Head, leaves: readonly Leaf[], openFrom: number | undefined): Built {
    const built = buildBatch(at, leaves, { writer, openFrom, signer });
    tried = { built, leaves };
    return built;
  }

  type Tried = Placement | { readonly kind: 'closed' } | { readonly kind: 'stale' };

  async function optimistic(at: Head, leaves: readonly Leaf[], openFrom: OpenFrom): Promise<Tried> {
    const built = build(at, leaves, openFrom(at));
    return conclude(built, await store.append(built.batch));
  }

  async function underLock(at: Head, leaves: readonly Leaf[], openFrom: OpenFrom): Promise<Tried> {
    const { built, result, end } = await store.locked(async (held) => {
      const others = await held.batchesFrom(at.log.log, at.tree.size);
      contended = others.length > 0;
      // What others appended may begin with a batch of ours whose answer never came.
      const again = buildBatch(at, leaves, { writer, openFrom: openFrom(at), signer });
      if (isSame(others[0], again)) {
        return {
          built: again,
          result: { kind: 'done' as const, controlEpoch: undefined },
          end: absorb(again.head, others.slice(1)),
        };
      }
      const now = absorb(at, others);
      const fresh = build(now, leaves, openFrom(now));
      return { built: fresh, result: await held.append(fresh.batch), end: undefined };
    });
    return conclude(built, result, end);
  }

  function conclude(
    built: Built,
    result: Appended | { kind: 'done'; controlEpoch: undefined },
    end = built.head,
  ): Tried {
    tried = undefined;
    if (result.kind !== 'done') return result;
    advance(end, result.controlEpoch);
    return placed(built);
  }

  async function place(leaves: readonly Leaf[], openFrom: OpenFrom): Promise<Placement> {
    for (;;) {
      if (!head || tried || new Date(clock.now()).getUTCFullYear() > head.log.year) {
        const late = await reopen();
        if (late && late.leaves === leaves) return late.placement;
        if (late && late.leaves === owed) owed = undefined;
        continue;
      }
      if (owed && leaves !== owed) {
        const first = await place(owed, () => undefined);
        if (first.kind === 'fenced') return first;
        owed = undefined;
        continue;
      }
      const answer = contended
        ? await underLock(head, leaves, openFrom)
        : await optimistic(head, leaves, openFrom);
      if (answer.kind === 'stale') contended = true;
      else if (answer.kind === 'closed') head = undefined;
      else return answer;
    }
  }

  return {
    /** The end of the log as this process knows it. */
    head: (): Head | undefined => head,
    /** Opens the log, so that what is wrong with it shows at start, and not at the first entry. */
    async open(): Promise<void> {
      await reopen();
      if (owed) await place(owed, () => undefined);
      owed = undefined;
    },
    /**
     * Appends leaves as one batch. Rejects when the database does not answer; the result is unknown then, and calling again with the same array resolves it.
     * @param openFrom global index of the oldest intent of this process without an outcome, if the batch is placed after this head.
     */
    place,
  };
}

export type Appender = ReturnType<typeof createAppender>;
type OpenFrom = (at: Head) => number | undefined;
