import type { Config } from '../config.ts';
import { configuredLists } from '../edge/addresses/adapters/configured-lists.ts';
import { postgresLists } from '../edge/addresses/adapters/lists-postgres.ts';
import {
  addressRoutes,
  createAddressRates,
  createAddressRefusal,
  createEdgeSteps,
  createOrganizationLists,
  createScreening,
  createSharedRates,
} from '../edge/index.ts';
import { postgresRates } from '../edge/rates/adapters/rates-postgres.ts';
import { postgresImportedRules } from '../edge/waf/adapters/imported-rules-postgres.ts';
import { postgresWafSettings } from '../edge/waf/adapters/waf-settings-postgres.ts';
import {
  createLiveRules,
  createWaf,
  createWafPolicies,
  createWafScreening,
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
  readonly routes: readonly Route[];
  /** Everything that is believed of settings in the database is asked for again. */
  forget(): void;
  readonly services: readonly Service[];
}

const fiveMinutesMs = 5 * 60_000;

/** What is turned away at the door. */
export function composeEdge({ config, doors, ledger, isRoute, clock, log }: EdgeParts): Edge {
  const { limits } = config;
  const refuse = createAddressRefusal(log, clock);
  const configured = configuredLists(config.addresses, log);
  const lists = postgresLists(doors);
  const organizations = createOrganizationLists({ store: lists, clock, refuse });
  const screening = createScreening({
    lists: configured.current,
    refuse,
    organizations,
    addressRates: createAddressRates({
      clock,
      windowMs: fiveMinutesMs,
      limits: { anonymous: limits.anonymous_per_address, authenticated: limits.authenticated_per_address },
    }),
    rates: createSharedRates({
      store: postgresRates(doors, clock),
      clock,
      perTenant: limits.requests_per_minute_per_tenant,
    }),
  });

  const { mode, budget_ms: budgetMs } = config.waf;
  const waf = createWaf({ rules: [ownRules], clock, budgetMs });
  const settings = postgresWafSettings(doors);
  const store = postgresImportedRules(doors);
  const policies = createWafPolicies(settings, mode);
  const live = createLiveRules({ waf, store, log });

  return {
    steps: createEdgeSteps({ screening, waf: createWafScreening({ waf, policies, clock }) }),
    forget() {
      organizations.forget();
      policies.forget();
      live.forget();
    },
    routes: [
      ...addressRoutes({ store: lists, ledger, clock }),
      ...wafRoutes({ waf, settings, policies, mode, store, live, ledger, isRoute, clock }),
    ],
    services: [configured.service, live],
  };
}
