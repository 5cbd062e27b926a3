import { z } from 'zod';

/** An address or a network: `192.0.2.7`, `2001:db8::/32`. */
const cidr = z.string().min(2).max(49);

const note = z
  .string()
  .trim()
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not have control characters');

const entryGiven = z.strictObject({
  cidr,
  /** Until when the entry counts; for ever where it is absent. */
  expires_at: z.iso.datetime({ offset: true }).nullish(),
  note: note.nullish(),
});

/** More belong into a file, which every process reads for itself. */
const mostEntries = 1_000;

/** The addresses from which an organization's credentials may be used; replaces what was there. */
export const newAddressLists = z.strictObject({
  /** Where there is an entry, every other address is refused. */
  allow: z.array(entryGiven).max(mostEntries),
  /** Refused, whatever `allow` says. */
  deny: z.array(entryGiven).max(mostEntries),
});

const entry = z.strictObject({
  cidr: z.string(),
  expires_at: z.iso.datetime().nullable(),
  note: z.string().nullable(),
});

export const addressLists = z.strictObject({
  allow: z.array(entry),
  deny: z.array(entry),
  /** When they were changed last. */
  updated_at: z.iso.datetime().nullable(),
});
