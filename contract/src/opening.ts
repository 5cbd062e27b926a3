import { z } from 'zod';
import { ledgerEntry } from './ledger-entry.ts';

/** 16 secret bytes in base64. */
const salt = z.base64().length(24);

/**
 * What opens one leaf of the ledger and no other: the entry, its salt, and those of its committed values that are shown, each with its own.
 * `verifyOpening` in `@vallum/contract/tlog` says whether it fits a leaf.
 */
export const opening = z.strictObject({
  entry: ledgerEntry,
  salt,
  fields: z.record(z.string(), z.strictObject({ value: z.string(), salt })).optional(),
});
export type Opening = z.infer<typeof opening>;
