import type { Config } from '../config.ts';
import { postgresCredentials, postgresDirectory } from '../identity/adapters/directory-postgres.ts';
import { keyDocuments } from '../identity/adapters/key-documents.ts';
import { postgresRoles } from '../identity/adapters/roles-postgres.ts';
import { postgresServices } from '../identity/adapters/services-postgres.ts';
import { postgresSessions } from '../identity/adapters/sessions-postgres.ts';
import {
  bootstrap,
  createAuthenticate,
  createKeyVerifier,
  createPlaces,
  createRefusalLog,
  createSameOrigin,
  createSessions,
  createTokenVerifier,
  identityRoutes,
  issuerOf,
  rolesRoutes,
  sessionRoutes,
} from '../identity/index.ts';
import type { Clock, LedgerAppend, Log, Rights, Route, Service, Step } from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';
import type { Foundation } from '../prepare.ts';
import { composeSignIn } from './sign-in.ts';

interface IdentityParts {
  readonly config: Config;
  readonly foundation: Foundation;
  readonly doors: Doors;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
  readonly log: Log;
  /** How people reach this server, once it listens. */
  readonly origin: () => string;
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
  const {
    idle_minutes: idleMinutes,
    absolute_hours: absoluteHours,
    rate_per_minute: ratePerMinute,
  } = config.identity.sessions;
  const sameOrigin = createSameOrigin(config.url);
  const sessions = createSessions({
    store: postgresSessions(doors),
    ledger,
    peppers,
    clock,
    sameOrigin,
    idleMs: idleMinutes * 60_000,
    absoluteMs: absoluteHours * 3_600_000,
    ratePerMinute,
    secure: config.url?.startsWith('https:') ?? false,
    forget: () => forget(),
    onTrouble: (error) => log.warn('the use of a session could not be noted', { error }),
  });
  const { step, forget } = createAuthenticate({
    cookie: { name: sessions.cookieName, verifier: sessions.verifier },
    verifiers: [
      ...(issuers.length > 0 ? [tokens] : []),
      createKeyVerifier({ credentials: postgresCredentials(doors), peppers, clock }),
    ],
    clock,
  });
  const { fetchKeys } = documents;
  const signIn = composeSignIn({ ...parts, sessions, fetchKeys, forget, directory });
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
      ...sessionRoutes({ sessions }),
      ...signIn.routes,
    ],
    services: [{ name: 'issuers', start: async () => {}, stop: documents.close }, ...signIn.services],
    bootstrap: (first) => bootstrap({ ...first, directory, ledger, keys, peppers, clock }),
  };
}
