import { z } from 'zod';
import { type ContentFields, type Route, route } from '../../kernel/index.ts';
import { type ImportedRules, takeCrs } from './imports.ts';
import type { Waf } from './waf.ts';

/** A release of CRS has half a megabyte of rules and lists. */
const importBytes = 8 * 1024 * 1024;

const crsImport = z.strictObject({
  files: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[\w.@-]{1,120}\.(?:conf|data)$/, 'the name of a .conf or .data file, without a folder'),
        text: z.string().max(4 * 1024 * 1024),
      }),
    )
    .min(1)
    .max(200),
  paranoia: z.int().min(1).max(4).default(1),
  dry_run: z.boolean().default(false),
});
type CrsImportBody = z.output<typeof crsImport>;

const crsImportReport = z.object({
  applied: z.boolean(),
  taken: z.array(z.string()),
  covered: z.array(z.object({ id: z.string(), by: z.string() })),
  not_taken: z.array(z.object({ id: z.string(), reason: z.string() })),
});

/** Rule texts are attacks as they are written down: the WAF leaves them out, and reading them as rules is what checks them. */
const ruleTexts: ContentFields = {
  input: (body) =>
    (body as CrsImportBody).files.map(({ text }, index) => ({
      channel: 'tool',
      pointer: `/files/${index}/text`,
      text,
    })),
  output: () => [],
  // A rule with a part of it blacked out is another rule.
  replace() {
    throw new Error('rule texts are taken whole or not at all');
  },
};

/** The routes by which administrators change what the WAF looks for. */
export const wafRoutes = (parts: {
  readonly waf: Pick<Waf, 'replaceRules'>;
  readonly store: ImportedRules;
}): Route[] => [
  route({
    method: 'POST',
    path: '/v1/waf/crs-imports',
    action: 'waf:import',
    summary: 'Take the rules of an OWASP CRS directory into use beside the own ones',
    seals: 'each',
    bodyBytes: importBytes,
    body: crsImport,
    reply: crsImportReport,
    content: ruleTexts,
    async handle({ body: { files, paranoia, dry_run } }) {
      const { taken, covered, notTaken } = await takeCrs(parts, { files, paranoia, dryRun: dry_run });
      return { applied: !dry_run, taken: [...taken], covered: [...covered], not_taken: [...notTaken] };
    },
  }),
];
