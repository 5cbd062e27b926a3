import { z } from 'zod';
import { decision, reason } from './decision.ts';
import { id } from './id.ts';
import { ending, ledgerEntry } from './ledger-entry.ts';

/** A page of a list: newest first, `next_cursor` for what is older. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(100).optional(),
});

export const page = <T extends z.ZodType>(item: T) =>
  z.strictObject({ data: z.array(item), next_cursor: z.string().nullable() });

const step = z.strictObject({ name: z.string(), micros: z.int(), decision });

/** One exchange as the request explorer shows it: what was decided at each step, how long that took, how it ended, and where that is in the ledger. */
export const requestRecord = z.strictObject({
  id: id('request'),
  at: z.iso.datetime(),
  method: z.string().nullable(),
  path: z.string().nullable(),
  principal: ledgerEntry.shape.principal,
  action: z.string().optional(),
  resource: z.string().optional(),
  decision,
  reasons: z.array(reason),
  /** Null while it runs. */
  ended: ending.nullable(),
  ended_at: z.iso.datetime().nullable(),
  status: z.int().nullable(),
  fault: z.string().nullable(),
  usage: ledgerEntry.shape.usage.nullable(),
  steps: z.array(step),
  ledger: z.strictObject({ intent_index: z.int(), outcome_index: z.int().nullable() }),
});
export type RequestRecord = z.infer<typeof requestRecord>;
