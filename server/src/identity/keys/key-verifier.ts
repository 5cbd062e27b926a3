import type { TenantId } from '@vallum/contract';
import { type Caller, type Clock, Fault } from '../../kernel/index.ts';
import { hashKey, isKey } from '../api-key.ts';
import type { Peppers } from '../ports.ts';
import type { Verifier } from '../verifier.ts';
import type { LastUsed } from './last-used.ts';
import { withinAny } from './networks.ts';
import type { Credential, CredentialStore } from './ports.ts';

/** How long a key is believed without asking again. */
const believedMs = 30_000;

interface KeyVerifierParts {
  readonly credentials: CredentialStore;
  readonly peppers: Peppers;
  readonly clock: Clock;
  readonly lastUsed: Pick<LastUsed, 'of'>;
  /** A key of this tenant came from where it may not be used: it may be in wrong hands. Who sent it is not told. */
  readonly onMisplaced: (tenant: TenantId) => void;
}

/** API keys, found by their keyed digest. */
export function createKeyVerifier(parts: KeyVerifierParts): Verifier {
  const { credentials, peppers, clock, lastUsed, onMisplaced } = parts;
  return {
    kind: 'key',
    reads: isKey,
    refused: keyRefused,
    async find(text) {
      for (const { key: pepper } of peppers) {
        const credential = await credentials.lookup(hashKey(pepper, text));
        if (!credential) continue;
        if (credential.ended) throw keyRefused();
        const { key, tenant, expiresAtMs, allowedAddresses } = credential;
        const allowed = allowedAddresses.length > 0 ? withinAny(allowedAddresses) : undefined;
        const used = lastUsed.of(key, credential);
        return {
          caller: callerOf(credential),
          untilMs: clock.now() + believedMs,
          ...(expiresAtMs !== undefined && { expiresAtMs }),
          check(x) {
            if (allowed && !allowed(x.arrival.address)) {
              onMisplaced(tenant);
              throw keyRefused();
            }
            used(x.atMs);
          },
        };
      }
      throw keyRefused();
    },
  };
}

/** The same for everything that can be wrong with one. */
const keyRefused = (): Fault =>
  new Fault('not-authenticated', { detail: 'This is not a valid API key.', challenge: 'invalid_token' });

/** A key of a service account speaks for the account, with what that is; another one for itself. */
const callerOf = (of: Credential): Caller => ({
  principal: { type: 'service', id: of.service ?? of.key },
  organization: of.organization,
  tenant: of.tenant,
  environment: of.environment,
  scopes: of.scopes,
  roles: of.roles,
  organizationRoles: of.organizationRoles,
  credential: { kind: 'key', id: of.key },
  ratePerMinute: of.ratePerMinute,
});
