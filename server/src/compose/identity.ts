import type { Config } from '../config.ts';
import { postgresCredentials, postgresDirectory } from '../identity/adapters/directory-postgres.ts';
import { keyDocuments } from '../identity/adapters/key-documents.ts';
import { postgresRoles } from '../identity/adapters/roles-postgres.ts';
import { postgresServices } from '../identity/adapters/services-postgres.ts';
import {
  bootstrap,
  certificateRuleOf,
  createAuthenticate,
  createCertificateVerifier,
  createKeyVerifier,
  createPlaces,
  createRefusalLog,
  createTokenVerifier,
  identityRoutes,
  issuerOf,
  rolesRoutes,
} from '../identity/index.ts';
import type { Clock, LedgerAppend, Log, Rights, Route, Service, Step } from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';
import type { Foundation } from '../prepare.ts';

interface IdentityParts {
  readonly config: Config;
  readonly foundation: Foundation;
  readonly doors: Doors;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
  readonly log: Log;
  readonly rights: Rights;
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
export function composeIdentity(parts: IdentityParts): Identity {
  const { config, foundation, doors, ledger, clock, log, rights } = parts;
  const { peppers, tenantKeys: keys, subjectKey } = foundation;
  const { issuers, certificates } = config.identity;
  const directory = postgresDirectory(doors);
  const documents = keyDocuments();
  const places = createPlaces(directory, clock);
  const tokens = createTokenVerifier({
    issuers: issuers.map(issuerOf),
    clock,
    fetchKeys: documents.fetchKeys,
    places,
    subjectKey,
    onRefused: createRefusalLog(log, clock, 'a token was refused'),
    onTrouble: (issuer, error) => log.warn('the keys of an issuer could not be had', { issuer, error }),
  });
  const { step, forget } = createAuthenticate({
    verifiers: [
      ...(issuers.length > 0 ? [tokens] : []),
      createKeyVerifier({ credentials: postgresCredentials(doors), peppers, clock }),
    ],
    ...(certificates.length > 0 && {
      certificates: createCertificateVerifier({
        rules: certificates.map(certificateRuleOf),
        bothFor: new Set(certificates.filter(({ with_key: both }) => both).map(({ tenant }) => tenant)),
        places,
        clock,
        subjectKey,
        onRefused: createRefusalLog(log, clock, 'a client certificate was refused'),
      }),
    }),
    clock,
  });
  return {
    authenticate: step,
    forget,
    routes: [
      ...identityRoutes({ directory, ledger, keys, peppers, rights, clock }),
      ...rolesRoutes({
        roles: postgresRoles(doors),
        services: postgresServices(doors),
        directory,
        rights,
        ledger,
        clock,
      }),
    ],
    services: [{ name: 'issuers', start: async () => {}, stop: documents.close }],
    bootstrap: (first) => bootstrap({ ...first, directory, ledger, keys, peppers, clock }),
  };
}
