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
import type { Clock, LedgerAppend, Log, Route, Service } from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';

interface EdgeParts {
  readonly config: Config;
  readonly doors: Doors;
  readonly ledger: LedgerAppend;
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
export function composeEdge({ config, doors, ledger, clock, log }: EdgeParts): Edge {
  const { limits } = config;
  const refuse = createAddressRefusal(log, clock);
  const configured = configuredLists(config.addresses, log);
  const store = postgresLists(doors);
  const organizations = createOrganizationLists({ store, clock, refuse });
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
  return {
    steps: createEdgeSteps(screening),
    routes: addressRoutes({ store, ledger, clock }),
    forget: organizations.forget,
    services: [configured.service],
  };
}
