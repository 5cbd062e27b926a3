import { z } from 'zod';
import { cidrProblem } from './ranges.ts';

/** What looks like an address is one: a mistyped CIDR must not be taken for the name of a file. */
const looksLikeAddress = /^(?:[0-9.]+|[0-9a-f]*:[0-9a-f:.]*)(?:\/.*)?$/i;

export const isAddress = (entry: string): boolean => looksLikeAddress.test(entry);

const path = z.string().min(1).max(4_096);
const entries = z
  .array(
    path.superRefine((entry, context) => {
      const problem = isAddress(entry) ? cidrProblem(entry) : undefined;
      if (problem) context.addIssue({ code: 'custom', message: problem });
    }),
  )
  .max(1_000)
  .default([]);
const countries = z
  .array(z.string().regex(/^[A-Z]{2}$/, 'a country by its two capital letters (ISO 3166-1)'))
  .max(300)
  .default([]);

/** `addresses` in the settings: who may come at all. */
export const addressSettings = z.strictObject({
  /** Each an address, a CIDR, or a file of them. Where there is one, everybody else is refused. */
  allow: entries,
  deny: entries,
  reputation: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -'),
        file: path,
      }),
    )
    .max(32)
    .refine(
      (lists) => new Set(lists.map(({ name }) => name)).size === lists.length,
      'each name is there once',
    )
    .default([]),
  countries: z.strictObject({ database: path, allow: countries, deny: countries }).optional(),
  /** How often files are looked at, in seconds. */
  reload_s: z.coerce.number().int().min(1).max(86_400).default(5),
});
export type AddressSettings = z.output<typeof addressSettings>;
