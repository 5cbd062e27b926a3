import type { Config } from '../config.ts';
import { postgresCredentials, postgresDirectory } from '../identity/adapters/directory-postgres.ts';
import { keyDocuments } from '../identity/adapters/key-documents.ts';
import {
  bootstrap,
  createAuthenticate,
  createKeyVerifier,
  createPlaces,
  createRefusalLog,
  createTokenVerifier,
  identityRoutes,
  issuerOf,
} from '../identity/index.ts';
import type { Clock, LedgerAppend, Log, Route, Service, Step } from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';
import type { Foundation } from '../prepare.ts';

interface IdentityParts {
  readonly config: Config;
  readonly foundation: Foundation;
  readonly doors: Doors;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
  readonly log: Log;
}

interface Identity {
  readonly authenticate: Step;
  /** Everything that is believed of credentials is asked for again. */
  forget(): void;
  readonly routes: readonly Route[];
  readonly services: readonly Service[];
  /** See `bootstrap` in identity. */
  bootstrap(
    first: Pick<Parameters<typeof bootstrap>[0], 'secrets' | 'url' | 'ledgerPublicKey'>,
  ): Promise<boolean>;
}

/** Who calls: the credentials that are believed, and the routes that administer them. */
export function composeIdentity({ config, foundation, doors, ledger, clock, log }: IdentityParts): Identity {
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
  const { step, forget } = createAuthenticate({
    verifiers: [
      ...(issuers.length > 0 ? [tokens] : []),
      createKeyVerifier({ credentials: postgresCredentials(doors), peppers, clock }),
    ],
    clock,
  });
  return {
    authenticate: step,
    forget,
    routes: identityRoutes({ directory, ledger, keys, peppers, clock }),
    services: [{ name: 'issuers', start: async () => {}, stop: documents.close }],
    bootstrap: (first) => bootstrap({ ...first, directory, ledger, keys, peppers, clock }),
  };
}
