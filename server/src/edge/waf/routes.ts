import type { Route } from '../../kernel/index.ts';
import { exceptionRoutes } from './exception-routes.ts';
import { type ImportRouteParts, importRoutes } from './import-routes.ts';
import { policyRoutes } from './policy-routes.ts';

type WafRouteParts = Parameters<typeof policyRoutes>[0] &
  Parameters<typeof exceptionRoutes>[0] &
  ImportRouteParts;

/** The routes by which administrators say what the WAF does. Every change is in the ledger. */
export const wafRoutes = (parts: WafRouteParts): Route[] => [
  ...policyRoutes(parts),
  ...exceptionRoutes(parts),
  ...importRoutes(parts),
];
