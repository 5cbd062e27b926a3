import { z } from 'zod';

/** Where a judged string stands in a request. `line` is path and query as sent; `shell` is any string as a shell reads it. */
export const places = [
  'path',
  'line',
  'name',
  'value',
  'cookie',
  'agent',
  'referer',
  'header',
  'header-name',
  'shell',
] as const;
/** `header:x-tool` is one header by its name, usual or not; for rules that name one. */
export type Place = (typeof places)[number] | `header:${string}`;
const place = z.union([
  z.enum(places),
  z.templateLiteral(['header:', z.string().regex(/^[a-z0-9_.-]{1,60}$/)]),
]);

/** What libddwaf can do to a string before an operator sees it, by its own names. */
export const transformers = [
  'lowercase',
  'removeNulls',
  'compressWhiteSpace',
  'removeComments',
  'cmdLine',
  'cssDecode',
  'jsDecode',
  'htmlEntityDecode',
  'urlDecode',
  'urlDecodeUni',
  'normalizePath',
  'normalizePathWin',
  'base64Decode',
] as const;
export type Transformer = (typeof transformers)[number];

const condition = z.strictObject({
  on: z.array(place).min(1),
  /** RE2 syntax; phrases are literal; `sqli` and `xss` are libinjection. */
  test: z.union([
    z.strictObject({ regex: z.string().min(1).max(20_000), caseSensitive: z.boolean().optional() }),
    z.strictObject({ phrases: z.array(z.string().min(1).max(500)).min(1).max(20_000) }),
    z.strictObject({ libinjection: z.enum(['sqli', 'xss']) }),
  ]),
  transformers: z.array(z.enum(transformers)).optional(),
});

const rule = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{2,59}$/, 'lower-case letters, digits and hyphens, 3 to 60 of them'),
  family: z.string().regex(/^[a-z][a-z-]{1,29}$/, 'lower-case letters and hyphens, 2 to 30 of them'),
  score: z.int().min(1).max(5),
  /** All of these must hold, each for any string of the request. */
  all: z.array(condition).min(1).max(8),
});

/** A rule file. */
export const ruleFile = z
  .strictObject({
    version: z.literal(1),
    source: z.string().max(200),
    rules: z.array(rule).min(1).max(5_000),
  })
  .refine(({ rules }) => new Set(rules.map(({ id }) => id)).size === rules.length, {
    path: ['rules'],
    message: 'an id is given twice',
  });

export type Condition = z.infer<typeof condition>;
export type Rule = z.infer<typeof rule>;
export type RuleFile = z.infer<typeof ruleFile>;
