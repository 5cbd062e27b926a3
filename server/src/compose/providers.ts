import { type Config, urlOf } from '../config.ts';
import { postgresOutsideUsers } from '../identity/adapters/outside-users-postgres.ts';
import { providerHttp } from '../identity/adapters/provider-http.ts';
import { openidRelyingParty } from '../identity/adapters/relying-party-openid-client.ts';
import {
  createAdmission,
  createFlowCookies,
  createProviderSignIn,
  createRefusalLog,
  providerOf,
  providerRoutes,
} from '../identity/index.ts';
import type { Clock, LedgerAppend, Log, Route, Service } from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';
import type { Foundation } from '../prepare.ts';

type SignInNeeds = Parameters<typeof createProviderSignIn>[0];

interface ProviderParts extends Pick<SignInNeeds, 'sessions' | 'fetchKeys' | 'origin'> {
  readonly config: Config;
  readonly foundation: Foundation;
  readonly doors: Doors;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
  readonly log: Log;
  readonly forget: () => void;
  readonly directory: { firstOrganization: SignInNeeds['firstOrganization'] };
}

/** How people come in through identity providers. */
export function composeProviders(parts: ProviderParts): {
  readonly routes: readonly Route[];
  readonly services: readonly Service[];
} {
  const { config, foundation, doors, ledger, clock, log, forget, directory, origin } = parts;
  const providers = config.identity.providers.map(providerOf);
  const onTrouble = (issuer: string, error: unknown): void =>
    log.warn('an identity provider could not be asked', { issuer, error });
  const http = providerHttp();
  const party = openidRelyingParty({ clock, fetch: http.fetch, onTrouble });
  const flows = createFlowCookies({
    key: foundation.flowKey,
    clock,
    secure: urlOf(config).startsWith('https:'),
  });
  const signIn = createProviderSignIn({
    ...parts,
    party,
    flows,
    admission: createAdmission({ users: postgresOutsideUsers(doors), ledger, clock, forget }),
    firstOrganization: () => directory.firstOrganization(),
    onTrouble,
  });
  const onRefused = createRefusalLog(log, clock, 'a sign-in through an identity provider was refused');
  return {
    routes: providerRoutes({ providers, signIn, party, flows, origin, onRefused }),
    services: [{ name: 'identity providers', start: async () => {}, stop: http.close }],
  };
}
