import { type Caller, type Clock, Fault } from '../kernel/index.ts';
import { hashKey, isKey } from './api-key.ts';
import type { Credential, CredentialStore, Peppers } from './ports.ts';
import type { Verifier } from './verifier.ts';

/** How long a key is believed without asking again. */
const believedMs = 30_000;

/** API keys, found by their keyed digest. */
export function createKeyVerifier(parts: {
  readonly credentials: CredentialStore;
  readonly peppers: Peppers;
  readonly clock: Clock;
}): Verifier {
  const { credentials, peppers, clock } = parts;
  return {
    kind: 'key',
    reads: isKey,
    refused,
    async find(text) {
      for (const { key: pepper } of peppers) {
        const credential = await credentials.lookup(hashKey(pepper, text));
        if (!credential) continue;
        if (credential.revoked) throw refused();
        const { expiresAtMs } = credential;
        return {
          caller: callerOf(credential),
          untilMs: clock.now() + believedMs,
          ...(expiresAtMs !== undefined && { expiresAtMs }),
        };
      }
      throw refused();
    },
  };
}

const refused = (): Fault =>
  new Fault('not-authenticated', { detail: 'This is not a valid API key.', challenge: 'invalid_token' });

const callerOf = ({ key, organization, tenant, environment, scopes, ratePerMinute }: Credential): Caller => ({
  principal: { type: 'service', id: key },
  organization,
  tenant,
  environment,
  scopes,
  roles: [],
  credential: { kind: 'key', id: key },
  ratePerMinute,
});
