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
  type MayGrant,
  type Verifier,
} from '../identity/index.ts';
import type { Caller, Clock, LedgerAppend, Log, Route, Service } from '../kernel/index.ts';
import type { Doors } from '../platform/postgres/index.ts';
import type { Foundation } from '../prepare.ts';

interface CredentialParts {
  readonly config: Config;
  readonly foundation: Pick<Foundation, 'peppers'>;
  readonly doors: Doors;
  readonly directory: Parameters<typeof keyRoutes>[0]['directory'];
  readonly ledger: LedgerAppend;
  readonly mayGrant: MayGrant;
  /** What policy says to a caller who wants to do this to that. */
  readonly may: (caller: Caller, action: string, resource: string) => boolean;
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
  const { config, doors, directory, ledger, mayGrant, may, clock, log } = parts;
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
        mayGrant,
        sessionIdleMs: Number.POSITIVE_INFINITY,
        onMisplaced,
        clock,
      }),
    ],
    routes: [
      ...keyRoutes({ directory, store: keys, ledger, peppers, mayGrant, rotationDays, clock }),
      ...exchangeRoutes({
        store: shortLived,
        ledger,
        peppers,
        mayGrant,
        mayRevoke: (caller, resource) => may(caller, 'key:revoke', resource),
        clock,
      }),
    ],
    services: [lastUsed.service, tending],
    keysDue: tending.keysDue,
  };
}
