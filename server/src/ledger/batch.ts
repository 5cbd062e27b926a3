import type { Signer } from './checkpoint.ts';
import type { Head } from './head.ts';
import type { Leaf } from './leaf.ts';
import type { Batch } from './ports.ts';
import { extend, rootOf } from './tree.ts';

/** A batch that may be stored, and the head that the log has once it is. */
export interface Built {
  readonly batch: Batch;
  readonly head: Head;
}

/** Puts leaves at the end of a log. */
export function buildBatch(
  at: Head,
  leaves: readonly Leaf[],
  { writer, openFrom, signer }: { writer: string; openFrom: number | undefined; signer: Signer },
): Built {
  const { tree, tiles } = extend(
    at.tree,
    leaves.map(({ hash }) => hash),
  );
  const root = rootOf(tree);
  const checkpoint = signer.checkpoint(at.log.origin, tree.size, root);
  const batch = {
    log: at.log.log,
    start: at.tree.size,
    next: tree.size,
    writer,
    openFrom,
    root,
    checkpoint,
    commitments: Buffer.concat(leaves.map(({ commitment }) => commitment)),
    heads: Buffer.concat(leaves.map(({ head }) => head)),
    records: Buffer.concat(leaves.map(({ record }) => record)),
    recordBytes: leaves.map(({ record }) => record.length),
    rows: `[${leaves.map(({ row }) => row).join()}]`,
    tiles,
  };
  return { batch, head: { log: at.log, tree, checkpoint } };
}
