import type { Config } from '../config.ts';
import { postgresDirectory } from '../identity/adapters/directory-postgres.ts';
import { keyDocuments } from '../identity/adapters/key-documents.ts';
import {
  bootstrap,
  createAuthenticate,
  createPlaces,
  createRefusalLog,
  createTokenVerifier,
  identityRoutes,
  issuerOf,
  ownRights,
} from '../identity/index.ts';
import type {
  Caller,
  Clock,
  Control,
  Exchange,
  LedgerAppend,
  Log,
  Route,
  Service,
  Step,
} from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';
import type { Foundation } from '../prepare.ts';
import { composeCredentials } from './credentials.ts';

interface IdentityParts {
  readonly config: Config;
  readonly foundation: Foundation;
  readonly doors: Doors;
  readonly ledger: LedgerAppend;
  readonly control: Control;
  /** What policy says to a caller who wants to do this to that. */
  readonly may: (caller: Caller, action: string, resource: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

interface Identity {
  readonly authenticate: Step;
  /** Finds an exchange's caller again. */
  again(exchange: Exchange): Promise<void>;
  /** Everything that is believed of credentials is asked for again. */
  forget(): void;
  /** API keys of the whole deployment that should be replaced. */
  keysDue(): number;
  readonly routes: readonly Route[];
  readonly services: readonly Service[];
  /** See `bootstrap` in identity. */
  bootstrap(
    first: Pick<Parameters<typeof bootstrap>[0], 'secrets' | 'url' | 'ledgerPublicKey'>,
  ): Promise<boolean>;
}

/** Who calls: the credentials that are believed, and the routes that administer them. */
export function composeIdentity({
  config,
  foundation,
  doors,
  ledger,
  control,
  may,
  clock,
  log,
}: IdentityParts): Identity {
  const { peppers, tenantKeys: keys, subjectKey } = foundation;
  const { issuers } = config.identity;
  const directory = postgresDirectory(doors);
  const documents = keyDocuments();
  const tokens = createTokenVerifier({
    issuers: issuers.map(issuerOf),
    clock,
    fetchKeys: documents.fetchKeys,
    places: createPlaces(directory, clock),
    subjectKey,
    onRefused: createRefusalLog(log, clock),
    onTrouble: (issuer, error) => log.warn('the keys of an issuer could not be had', { issuer, error }),
  });
  const credentials = composeCredentials({
    config,
    foundation,
    doors,
    directory,
    ledger,
    mayGrant: ownRights,
    may,
    clock,
    log,
  });
  const { step, again, forget } = createAuthenticate({
    verifiers: [...(issuers.length > 0 ? [tokens] : []), ...credentials.verifiers],
    control,
    clock,
  });
  return {
    authenticate: step,
    again,
    forget,
    keysDue: credentials.keysDue,
    routes: [...identityRoutes({ directory, ledger, keys, clock }), ...credentials.routes],
    services: [{ name: 'issuers', start: async () => {}, stop: documents.close }, ...credentials.services],
    bootstrap: (first) => bootstrap({ ...first, directory, ledger, keys, peppers, clock }),
  };
}
