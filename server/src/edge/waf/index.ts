/**
 * WAF: judges what of a request no guard reads (path, query, headers, cookies, names, plain fields) for attacks on what stands behind us.
 * It is synchronous and bounded; what it cannot judge whole, it refuses. It never tells or logs the text that it refused.
 * It does not judge content, which guards do, and does not replace parameters where SQL or commands are made.
 */
export { type ImportedRules, takeCrs } from './imports.ts';
export type { BodyInput, HeadInput, WafInput } from './input.ts';
export { wafRoutes } from './routes.ts';
export { type RuleFile, ruleFile } from './rule.ts';
export { ownRules } from './rules/own-rules.ts';
export {
  decide,
  type Exception,
  type Finding,
  type Inspection,
  type Mode,
  type Policy,
  stricter,
  strictest,
  type Verdict,
} from './verdict.ts';
export { createWaf, type Waf } from './waf.ts';
