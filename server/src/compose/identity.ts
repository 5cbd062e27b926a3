import { availableParallelism } from 'node:os';
import { type Config, urlOf } from '../config.ts';
import { postgresAccounts } from '../identity/adapters/accounts-postgres.ts';
import { breachedPasswordsFile } from '../identity/adapters/breached-passwords-file.ts';
import { postgresDirectory } from '../identity/adapters/directory-postgres.ts';
import { keyDocuments } from '../identity/adapters/key-documents.ts';
import { postgresPasskeys } from '../identity/adapters/passkeys-postgres.ts';
import { postgresRoles } from '../identity/adapters/roles-postgres.ts';
import { postgresServices } from '../identity/adapters/services-postgres.ts';
import { postgresSessions } from '../identity/adapters/sessions-postgres.ts';
import {
  accountRoutes,
  bootstrap,
  certificateRuleOf,
  createAuthenticate,
  createCertificateVerifier,
  createHashing,
  createPasswords,
  createPlaces,
  createRefusalLog,
  createRelyingParty,
  createSameOrigin,
  createSecretBox,
  createSessions,
  createSignIn,
  createTokenVerifier,
  identityRoutes,
  issuerOf,
  pageRoutes,
  rolesRoutes,
  type SecretsFile,
  sessionRoutes,
} from '../identity/index.ts';
import type {
  Clock,
  Control,
  Exchange,
  LedgerAppend,
  Log,
  Rights,
  Route,
  Service,
  Step,
} from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';
import type { Foundation } from '../prepare.ts';
import { composeCredentials } from './credentials.ts';
import { composeProviders } from './providers.ts';

interface IdentityParts {
  readonly config: Config;
  readonly foundation: Foundation;
  readonly doors: Doors;
  readonly ledger: LedgerAppend;
  readonly control: Control;
  /** What policy says to a caller who wants to do this to that. */
  readonly may: Parameters<typeof composeCredentials>[0]['may'];
  readonly clock: Clock;
  readonly log: Log;
  /** How people reach this server, once it listens. */
  readonly origin: () => string;
  readonly rights: Rights;
  /** Where the first administrator's password lies until they have chosen another one. */
  readonly secrets: SecretsFile;
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
  bootstrap(first: Pick<Parameters<typeof bootstrap>[0], 'url' | 'ledgerPublicKey'>): Promise<boolean>;
}

/** Who calls: the credentials that are believed, and the routes that administer them. */
export function composeIdentity(parts: IdentityParts): Identity {
  const { config, foundation, doors, ledger, control, clock, log, rights, secrets } = parts;
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
    secure: urlOf(config).startsWith('https:'),
    forget: () => forget(),
    onTrouble: (error) => log.warn('the use of a session could not be noted', { error }),
  });
  const services = postgresServices(doors);
  const roles = postgresRoles(doors);
  const credentials = composeCredentials({
    ...parts,
    directory,
    services,
    roles,
    sessionIdleMs: idleMinutes * 60_000,
  });
  const { step, again, forget } = createAuthenticate({
    cookie: { name: sessions.cookieName, verifier: sessions.verifier },
    verifiers: [...(issuers.length > 0 ? [tokens] : []), ...credentials.verifiers],
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
    control,
    clock,
  });
  const store = postgresAccounts(doors);
  const hashing = createHashing(passwordsAtOnce());
  const passwords = createPasswords();
  const box = createSecretBox(foundation.totpKey);
  const breached = config.identity.passwords.breached_file
    ? breachedPasswordsFile(config.identity.passwords.breached_file)
    : undefined;
  const signIn = createSignIn({
    store,
    sessions,
    directory,
    ledger,
    hashing,
    passwords,
    box,
    peppers,
    clock,
    onTrouble: (error) => log.warn('that an account was locked could not be put on record', { error }),
  });
  const { fetchKeys } = documents;
  const outside = composeProviders({ ...parts, sessions, fetchKeys, forget, directory });
  return {
    authenticate: step,
    again,
    forget,
    keysDue: credentials.keysDue,
    routes: [
      ...identityRoutes({ directory, ledger, keys, clock }),
      ...credentials.routes,
      ...rolesRoutes({ roles, services, directory, rights, ledger, clock }),
      ...sessionRoutes({ sessions }),
      ...accountRoutes({
        store,
        passkeys: postgresPasskeys(doors),
        roles,
        rights,
        sessions,
        signIn,
        sameOrigin,
        partyOf: createRelyingParty(config.url),
        challengeKey: foundation.challengeKey,
        hashing,
        passwords,
        box,
        breached,
        peppers,
        ledger,
        clock,
        forget,
        onPassword: (email) => secrets.removeOf(email),
      }),
      ...outside.routes,
      ...pageRoutes(),
    ],
    services: [
      { name: 'issuers', start: async () => {}, stop: documents.close },
      ...(breached ? [breached] : []),
      ...credentials.services,
      ...outside.services,
    ],
    bootstrap: (first) => bootstrap({ ...first, secrets, directory, ledger, keys, peppers, clock }),
  };
}

/**
 * Each takes 128 MiB and a core for a third of a second, on a thread of a pool that has four: two at once leave the pool to others, and on a machine of two cores one leaves a core to them. Who
 * waits longest waits some six seconds.
 */
const passwordsAtOnce = () => ({ atOnce: availableParallelism() > 2 ? 2 : 1, waiting: 16, waitingOfOne: 4 });
