import { z } from 'zod';
import { decision, reason } from './decision.ts';
import { id } from './id.ts';

/** How an exchange ended. `lost`: its process died, and another one found the intent without an outcome. */
export const ending = z.enum(['complete', 'refused', 'aborted', 'failed', 'lost']);
export type Ending = z.infer<typeof ending>;

/** A commitment in base64: `SHA-256(0x02 ‖ salt ‖ value)`. The value and its salt are in the record beside the log. */
const commitment = z.base64().length(44);

/**
 * What a leaf of the log commits to, as canonical JSON (RFC 8785). Ids, codes and numbers only:
 * what is personal or content stands in `committed`, by name, as a commitment of its own.
 */
export const ledgerEntry = z.strictObject({
  v: z.literal(1),
  id: z.union([id('request'), id('entry')]),
  /** 1 for the outcome of the intent with the same id, else 0. */
  phase: z.union([z.literal(0), z.literal(1)]),
  kind: z.enum(['intent', 'outcome', 'refusal', 'tally', 'change', 'log']),
  at: z.iso.datetime({ precision: 3 }),
  tenant: id('tenant'),
  principal: z
    .strictObject({ type: z.enum(['user', 'service', 'agent', 'system']), id: z.string() })
    .optional(),
  action: z.string().optional(),
  resource: z.string().optional(),
  /** The request that a change was made by. */
  request: id('request').optional(),
  decision: decision.optional(),
  reasons: z.array(reason).optional(),
  /** The version of the policies that decided. */
  policy: z.string().optional(),
  ended: ending.optional(),
  /** The code of the fault that ended it. */
  fault: z.string().optional(),
  status: z.int().optional(),
  usage: z.strictObject({ input_tokens: z.int(), output_tokens: z.int(), estimated: z.boolean() }).optional(),
  /** What was changed, from what, to what. */
  change: z
    .strictObject({ type: z.string(), before: z.json().optional(), after: z.json().optional() })
    .optional(),
  /** Many like events as one: how many, of which reason, in the minute that began then. */
  tally: z.strictObject({ reason: z.string(), minute: z.iso.datetime(), count: z.int() }).optional(),
  committed: z.record(z.string(), commitment).optional(),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;
