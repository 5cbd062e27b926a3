import { hash } from 'node:crypto';
import { type Caller, type Clock, type Exchange, Fault, type Step } from '../kernel/index.ts';
import { hashKey, isKey } from './api-key.ts';
import type { Credential, CredentialStore, Peppers } from './ports.ts';
import type { TokenVerifier } from './tokens/verifier.ts';

interface AuthenticateParts {
  readonly credentials: CredentialStore;
  readonly peppers: Peppers;
  readonly clock: Clock;
  /** For JWTs; where it is absent there are keys only. */
  readonly tokens?: TokenVerifier;
}

/** How long a credential is believed without asking again; revocations are felt sooner, by `forget`. */
const believedMs = 30_000;
/** Of tokens, whose revocation is their issuer's. */
const tokenBelievedMs = 60_000;
const credentialsKept = 100_000;

interface Known {
  readonly caller: Caller;
  readonly expiresAtMs: number | undefined;
  readonly untilMs: number;
}

/**
 * API keys and JWTs. Credentials that were found good are kept, by a digest of their text, until something that is kept anywhere is restricted: then all are forgotten (the control epoch).
 */
export function createAuthenticate({ credentials, peppers, clock, tokens }: AuthenticateParts): {
  step: Step;
  forget(): void;
} {
  let known = new Map<string, Known>();

  /** What was asked before everything was forgotten is not kept. Of too many the oldest go: tokens are replaced all the time, and their digests never come again. */
  function keep(asked: Map<string, Known>, digest: string, found: Known): void {
    if (asked !== known) return;
    known.set(digest, found);
    const oldest = known.size > credentialsKept ? known.keys().next() : undefined;
    if (oldest && !oldest.done) known.delete(oldest.value);
  }

  async function verify(
    x: Exchange,
    { verify: ask }: TokenVerifier,
    token: string,
    digest: string,
  ): Promise<void> {
    const asked = known;
    const { caller, untilMs } = await ask(token);
    x.caller = caller;
    keep(asked, digest, {
      caller,
      expiresAtMs: undefined,
      untilMs: Math.min(untilMs, clock.now() + tokenBelievedMs),
    });
  }

  async function find(x: Exchange, key: string, digest: string): Promise<void> {
    const asked = known;
    for (const { key: pepper } of peppers) {
      const credential = await credentials.lookup(hashKey(pepper, key));
      if (!credential) continue;
      if (credential.revoked) throw refused();
      const caller = callerOf(credential);
      const { expiresAtMs } = credential;
      x.caller = current(caller, expiresAtMs);
      keep(asked, digest, { caller, expiresAtMs, untilMs: clock.now() + believedMs });
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
        // No key of ours has a dot in it, and every JWT has two.
        if (tokens && key.includes('.')) return verify(x, tokens, key, digest);
        if (!isKey(key)) throw refused();
        return find(x, key, digest);
      },
    },
  };
}

/** The credential of a request: a bearer token, or the header that other clients use. */
function presented({ arrival: { headers } }: Exchange): string {
  const bearer = /^Bearer +(\S+)$/i.exec(String(headers.authorization ?? ''))?.[1];
  const key = bearer ?? headers['x-api-key'] ?? headers['api-key'];
  if (!key) throw new Fault('not-authenticated', { detail: 'Send an API key: Authorization: Bearer vk_…' });
  if (typeof key !== 'string') throw refused();
  return key;
}

/** One answer for unknown, expired and revoked keys: who holds a wrong one learns nothing. */
const refused = (): Fault =>
  new Fault('not-authenticated', { detail: 'This is not a valid API key.', challenge: 'invalid_token' });

const callerOf = ({ key, organization, tenant, environment, scopes, ratePerMinute }: Credential): Caller => ({
  principal: { type: 'service', id: key },
  organization,
  tenant,
  environment,
  scopes,
  ratePerMinute,
});
