import { hash } from 'node:crypto';
import { type Caller, type Clock, type Exchange, Fault, type Step } from '../kernel/index.ts';
import { hashKey, isKey } from './api-key.ts';
import type { Credential, CredentialStore, Peppers } from './ports.ts';

interface AuthenticateParts {
  readonly credentials: CredentialStore;
  readonly peppers: Peppers;
  readonly clock: Clock;
}

/** How long a credential is believed without asking again; revocations are felt sooner, by `forget`. */
const believedMs = 30_000;
const credentialsKept = 100_000;

/**
 * API keys. Found credentials are kept, by a digest of the key, until something that is kept anywhere is restricted: then all are forgotten (the control epoch).
 */
export function createAuthenticate({ credentials, peppers, clock }: AuthenticateParts): {
  step: Step;
  forget(): void;
} {
  let known = new Map<string, { caller: Caller; expiresAtMs: number | undefined; untilMs: number }>();

  async function find(x: Exchange, key: string, digest: string): Promise<void> {
    const asked = known;
    for (const { key: pepper } of peppers) {
      const credential = await credentials.lookup(hashKey(pepper, key));
      if (!credential) continue;
      if (credential.revoked) throw refused();
      const caller = callerOf(credential);
      const { expiresAtMs } = credential;
      x.caller = current(caller, expiresAtMs);
      // What was asked before everything was forgotten is not kept.
      if (asked === known && known.size < credentialsKept) {
        known.set(digest, { caller, expiresAtMs, untilMs: clock.now() + believedMs });
      }
      return;
    }
    throw refused();
  }

  function current(caller: Caller, expiresAtMs: number | undefined): Caller {
    if (expiresAtMs !== undefined && expiresAtMs <= clock.now()) throw refused();
    return caller;
  }

  return {
    forget: () => {
      known = new Map();
    },
    step: {
      name: 'identity.authenticate',
      run(x) {
        if (x.route.action === 'open') return;
        const key = presented(x);
        const digest = hash('sha256', key, 'base64');
        const entry = known.get(digest);
        if (entry && entry.untilMs > clock.now()) {
          x.caller = current(entry.caller, entry.expiresAtMs);
          return;
        }
        known.delete(digest);
        if (!isKey(key)) throw refused();
        return find(x, key, digest);
      },
    },
  };
}

/** The key of a request: a bearer token, or the header that other clients use. */
function presented({ arrival: { headers } }: Exchange): string {
  const bearer = /^Bearer +(\S+)$/i.exec(String(headers.authorization ?? ''))?.[1];
  const key = bearer ?? headers['x-api-key'] ?? headers['api-key'];
  if (!key) throw new Fault('not-authenticated', { detail: 'Send an API key: Authorization: Bearer vk_…' });
  if (typeof key !== 'string') throw refused();
  return key;
}

/** One answer for unknown, expired and revoked keys: who holds a wrong one learns nothing. */
const refused = (): Fault => new Fault('not-authenticated', { detail: 'This is not a valid API key.' });

const callerOf = ({ key, organization, tenant, environment, scopes, ratePerMinute }: Credential): Caller => ({
  principal: { type: 'service', id: key },
  organization,
  tenant,
  environment,
  scopes,
  ratePerMinute,
});
