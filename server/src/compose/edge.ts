import type { Config } from '../config.ts';
import { createEdgeSteps } from '../edge/index.ts';
import { postgresImportedRules } from '../edge/waf/adapters/imported-rules-postgres.ts';
import { postgresWafSettings } from '../edge/waf/adapters/waf-settings-postgres.ts';
import {
  createLiveRules,
  createScreening,
  createWaf,
  createWafPolicies,
  ownRules,
  wafRoutes,
} from '../edge/waf/index.ts';
import type { Clock, LedgerAppend, Log, Route, Service } from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';

interface EdgeParts {
  readonly config: Config;
  readonly doors: Doors;
  readonly ledger: LedgerAppend;
  /** Whether a route of the API has this path. */
  readonly isRoute: (pattern: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

interface Edge {
  readonly steps: ReturnType<typeof createEdgeSteps>;
  /** Everything that is believed of settings is asked for again. */
  forget(): void;
  readonly routes: readonly Route[];
  readonly services: readonly Service[];
}

/** What is turned away at the door. */
export function composeEdge({ config, doors, ledger, isRoute, clock, log }: EdgeParts): Edge {
  const { mode, budget_ms: budgetMs } = config.waf;
  const waf = createWaf({ rules: [ownRules], clock, budgetMs });
  const settings = postgresWafSettings(doors);
  const store = postgresImportedRules(doors);
  const policies = createWafPolicies(settings, mode);
  const live = createLiveRules({ waf, store, log });
  const steps = createEdgeSteps({
    clock,
    limits: { anonymousPerAddress: config.limits.anonymous_per_address },
    waf: createScreening({ waf, policies, clock }),
  });
  return {
    steps,
    forget() {
      policies.forget();
      live.forget();
    },
    routes: wafRoutes({ waf, settings, policies, mode, store, live, ledger, isRoute, clock }),
    services: [live],
  };
}
