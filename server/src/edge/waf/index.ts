/**
 * WAF: judges what of a request no guard reads (path, query, headers, cookies, names, plain fields) for attacks on what stands behind us.
 * It is synchronous and bounded; what it cannot judge whole, it refuses. It never tells or logs the text that it refused.
 * It does not judge content, which guards do, and does not replace parameters where SQL or commands are made.
 */
export { createLiveRules } from './live-rules.ts';
export { createWafPolicies } from './policies.ts';
export { wafRoutes } from './routes.ts';
export { ownRules } from './rules/own-rules.ts';
export { createWafScreening, type WafScreening } from './screening.ts';
export { createWaf } from './waf.ts';
