import type { TenantId } from '@vallum/contract';
import { type Caller, type Clock, Fault, type Rights } from '../../kernel/index.ts';
import { hashKey, isSecret, mintSecret, secretShape } from '../api-key.ts';
import { withinAny } from '../keys/networks.ts';
import type { Peppers } from '../ports.ts';
import type { Verifier } from '../verifier.ts';
import type { PresentedShortLived, ShortLivedStore } from './ports.ts';

interface ShortLivedVerifierParts {
  readonly store: Pick<ShortLivedStore, 'lookup'>;
  readonly peppers: Peppers;
  readonly rights: Pick<Rights, 'mayGrant'>;
  /** How long a session may rest. */
  readonly sessionIdleMs: number;
  /** As of keys: one came from where its key may not be used. */
  readonly onMisplaced: (tenant: TenantId) => void;
  readonly clock: Clock;
}

const prefix = 'vt_';
const shape = secretShape(prefix);
const believedMs = 30_000;
const verdictsKept = 10_000;

/** A new one's text. */
export const mintShortLived = (): string => mintSecret(prefix);

/** Short-lived credentials, found by their keyed digest, as API keys are; each is good as long as what it was made from. */
export function createShortLivedVerifier(parts: ShortLivedVerifierParts): Verifier {
  const { store, peppers, rights, sessionIdleMs, onMisplaced, clock } = parts;
  /** Policies answer for many actions, which takes milliseconds; the same rights have the same answer. */
  const verdicts = new Map<string, boolean>();

  /** Whether its root could still give these scopes. A key without a service account has its scopes for ever, and of a token or certificate of others there is no later word. */
  function isCovered(found: PresentedShortLived): boolean {
    const { root, rootScopes, rootRoles, rootOrganizationRoles, principal, scopes } = found;
    if (root.kind === 'token' || root.kind === 'certificate' || root.id === principal.id) return true;
    const giver: Caller = {
      ...callerOf(found),
      scopes: rootScopes,
      roles: rootRoles,
      organizationRoles: rootOrganizationRoles,
      credential: { kind: root.kind, id: root.id },
    };
    const { tenant, environment } = giver;
    const name = JSON.stringify([
      principal,
      tenant,
      environment,
      root.kind,
      rootScopes,
      rootRoles,
      rootOrganizationRoles,
      scopes,
    ]);
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const covered = rights.mayGrant(giver, { scopes, type: principal.type }) === undefined;
    if (verdicts.size >= verdictsKept) verdicts.clear();
    verdicts.set(name, covered);
    return covered;
  }

  return {
    kind: 'short-lived',
    reads: (text) => isSecret(shape, text),
    refused,
    async find(text) {
      for (const { key: pepper } of peppers) {
        const found = await store.lookup(hashKey(pepper, text));
        if (!found) continue;
        const { tenant, run, rootSeenAtMs, expiresAtMs, allowedAddresses } = found;
        const now = clock.now();
        const restedMs = rootSeenAtMs === undefined ? 0 : now - rootSeenAtMs;
        if (found.ended || restedMs >= sessionIdleMs || !isCovered(found)) throw refused();
        const allowed = allowedAddresses.length > 0 ? withinAny(allowedAddresses) : undefined;
        return {
          caller: callerOf(found),
          untilMs: now + believedMs,
          expiresAtMs,
          check({ arrival }) {
            const named = arrival.headers['x-vallum-run'];
            if (run !== undefined && named !== undefined && named !== run)
              throw new Fault('not-authenticated', {
                detail: 'This token is for another run than x-vallum-run names.',
                challenge: 'invalid_token',
              });
            if (!allowed || allowed(arrival.address)) return;
            onMisplaced(tenant);
            throw refused();
          },
        };
      }
      throw refused();
    },
  };
}

const refused = (): Fault =>
  new Fault('not-authenticated', { detail: 'This is not a valid token.', challenge: 'invalid_token' });

const callerOf = (of: PresentedShortLived): Caller => ({
  principal: of.principal,
  organization: of.organization,
  tenant: of.tenant,
  environment: of.environment,
  scopes: of.scopes,
  // What it may is what it was made for, and not what its principal is.
  roles: [],
  credential: { kind: 'short-lived', id: of.id },
  ratePerMinute: of.ratePerMinute,
  ...(of.run !== undefined && { run: of.run }),
});
