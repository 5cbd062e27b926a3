import type { TenantId } from '@vallum/contract';
import type { Config } from '../config.ts';
import { postgresCredentials, postgresKeys } from '../identity/adapters/keys-postgres.ts';
import { postgresShortLived } from '../identity/adapters/short-lived-postgres.ts';
import {
  createKeyVerifier,
  createLastUsed,
  createMisplacedLog,
  createShortLivedVerifier,
  createTending,
  exchangeRoutes,
  keyRoutes,
  type Verifier,
} from '../identity/index.ts';
import type { Caller, Clock, LedgerAppend, Log, Rights, Route, Service } from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';
import type { Foundation } from '../prepare.ts';

type KeyRouteParts = Parameters<typeof keyRoutes>[0];

interface CredentialParts {
  readonly config: Config;
  readonly foundation: Pick<Foundation, 'peppers'>;
  readonly doors: Doors;
  readonly directory: KeyRouteParts['directory'];
  readonly services: KeyRouteParts['services'];
  readonly roles: KeyRouteParts['roles'];
  readonly ledger: LedgerAppend;
  readonly rights: Rights;
  /** What policy says to a caller who wants to do this to that, which is this tenant's. */
  readonly may: (caller: Caller, action: string, resource: string, of: TenantId) => boolean;
  /** How long a session may rest. */
  readonly sessionIdleMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

interface Credentials {
  readonly verifiers: readonly Verifier[];
  readonly routes: readonly Route[];
  readonly services: readonly Service[];
  /** Keys that should be replaced, as they were last counted. */
  keysDue(): number;
}

/** The credentials that Vallum itself gives to programs: API keys, and what is made from credentials for some minutes. */
export function composeCredentials(parts: CredentialParts): Credentials {
  const { config, doors, directory, services, roles, ledger, rights, may, sessionIdleMs, clock, log } = parts;
  const { peppers } = parts.foundation;
  const rotationDays = config.identity.keys.rotation_days;
  const keys = postgresKeys(doors);
  const shortLived = postgresShortLived(doors);
  const onMisplaced = createMisplacedLog(log, clock);
  const lastUsed = createLastUsed({
    store: keys,
    clock,
    onTrouble: (error) => log.warn('the last use of keys could not be noted', { error }),
  });
  const tending = createTending({ tend: doors.tendCredentials, rotationDays, clock, log });
  return {
    verifiers: [
      createKeyVerifier({ credentials: postgresCredentials(doors), peppers, clock, lastUsed, onMisplaced }),
      createShortLivedVerifier({
        store: shortLived,
        peppers,
        rights,
        sessionIdleMs,
        onMisplaced,
        clock,
      }),
    ],
    routes: [
      ...keyRoutes({ directory, store: keys, services, roles, ledger, peppers, rights, rotationDays, clock }),
      ...exchangeRoutes({
        store: shortLived,
        ledger,
        peppers,
        rights,
        mayRevoke: (caller, resource, tenant) => may(caller, 'key:revoke', resource, tenant),
        clock,
      }),
    ],
    services: [lastUsed.service, tending],
    keysDue: tending.keysDue,
  };
}
