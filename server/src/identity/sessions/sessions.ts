import type { OrganizationId, RequestId, SessionId, TenantId } from '@vallum/contract';
import {
  type Author,
  type Caller,
  type Clock,
  changeEntryBy,
  Fault,
  type LedgerAppend,
  newId,
} from '../../kernel/index.ts';
import { hashKey } from '../api-key.ts';
import type { Peppers } from '../ports.ts';
import type { Verifier } from '../verifier.ts';
import type { PresentedSession, Session, SessionStore, SessionsOf } from './ports.ts';
import type { SameOrigin } from './same-origin.ts';
import { sessionCookie } from './session-cookie.ts';
import { isSession, mintSession } from './session-text.ts';

interface SessionParts {
  readonly store: SessionStore;
  readonly ledger: LedgerAppend;
  readonly peppers: Peppers;
  readonly clock: Clock;
  readonly sameOrigin: Pick<SameOrigin, 'check'>;
  /** How long one may rest. */
  readonly idleMs: number;
  /** How long one lasts at most. */
  readonly absoluteMs: number;
  readonly ratePerMinute: number;
  /** Whether others reach this server by https. */
  readonly secure: boolean;
  /** What this process believes of credentials is not true any more. */
  readonly forget: () => void;
  readonly onTrouble: (error: unknown) => void;
}

export interface Opening extends Pick<Session, 'organization' | 'tenant' | 'user' | 'method' | 'client'> {
  /** The request that opens it, for the ledger. */
  readonly request?: RequestId;
}

export interface Sessions {
  /** The sign-in of somebody who has been authenticated. It is in the ledger before it is there. @returns the session, and the whole `set-cookie` value */
  open(of: Opening): Promise<{ readonly session: Session; readonly cookie: string }>;
  /** Ends one session of a user, or all of them, perhaps but one; in every process as soon as it sees that the control epoch moved. @returns how many */
  close(of: SessionsOf, by: Author): Promise<number>;
  /** Another text for a session whose rights change, so that one which somebody else may know is worth nothing; perhaps another tenant. @throws Fault `not-found` */
  renew(
    of: {
      readonly organization: OrganizationId;
      readonly user: Session['user'];
      readonly session: SessionId;
      readonly tenant?: TenantId;
    },
    by: Author,
  ): Promise<{ readonly session: Session; readonly cookie: string }>;
  /** Those of a user that are not over, newest first. */
  list(of: SessionsOf): Promise<Session[]>;
  readonly tenantsOf: SessionStore['tenantsOf'];
  readonly verifier: Verifier;
  readonly cookieName: string;
  /** The `set-cookie` value that deletes the cookie. */
  readonly clearCookie: string;
}

/** How long one is believed without asking again; what ends one is felt sooner. */
const believedMs = 30_000;
/** How often its use is noted. */
const touchEveryMs = 60_000;
const clientUnits = 200;

/** Sessions of people who signed in: opened, shown by a cookie, and ended by rest, by age, by who has them and by administrators. */
export function createSessions(parts: SessionParts): Sessions {
  const { store, ledger, peppers, clock, sameOrigin, idleMs, absoluteMs, forget } = parts;
  const [pepper] = peppers;
  if (!pepper) throw new Error('identity: sessions need a pepper');
  const { name: cookieName, set, clear } = sessionCookie(parts.secure);

  /** A caller may be believed for a while, and comes with each request: its use is noted now and then, and nobody waits for it. */
  function noting(of: PresentedSession): () => void {
    let notedMs = of.seenAtMs;
    return () => {
      const now = clock.now();
      if (now - notedMs < touchEveryMs) return;
      notedMs = now;
      store.touch(of, now).catch(parts.onTrouble);
    };
  }

  const verifier: Verifier = {
    kind: 'session',
    reads: isSession,
    refused,
    async find(text) {
      for (const { key } of peppers) {
        const found = await store.lookup(hashKey(key, text));
        if (!found) continue;
        const now = clock.now();
        if (found.revoked || found.disabled || found.seenAtMs + idleMs <= now) throw refused();
        const note = noting(found);
        return {
          caller: callerOf(found, parts.ratePerMinute),
          untilMs: now + believedMs,
          expiresAtMs: found.expiresAtMs,
          check(x) {
            sameOrigin.check(x);
            note();
          },
        };
      }
      throw refused();
    },
  };

  return {
    async open({ request, ...of }) {
      const now = clock.now();
      const text = mintSession();
      const session: Session = {
        ...of,
        client: of.client.replaceAll(/\p{Cc}/gu, ' ').slice(0, clientUnits),
        id: newId('session', now),
        createdAtMs: now,
        seenAtMs: now,
        expiresAtMs: now + absoluteMs,
      };
      const { id, user, tenant, method } = session;
      const author: Author = {
        principal: { type: 'user', id: user },
        tenant,
        action: 'session:open',
        ...(request && { request }),
      };
      await ledger.append(
        changeEntryBy(author, clock, {
          after: { expires_at: new Date(session.expiresAtMs).toISOString(), id, method, tenant, user },
          type: 'session.opened',
        }),
      );
      await store.insert(session, hashKey(pepper.key, text));
      return { session, cookie: set(text, absoluteMs / 1000) };
    },

    async close(of, by) {
      const { user, session, except } = of;
      await ledger.journal(
        changeEntryBy(by, clock, {
          after: { revoked: true },
          before: { user, ...(session && { id: session }), ...(except && { except }) },
          type: session ? 'session.closed' : 'sessions.closed',
        }),
      );
      const ended = await store.revoke(of, clock.now());
      forget();
      return ended;
    },

    async renew({ tenant, ...of }, by) {
      const text = mintSession();
      await ledger.append(
        changeEntryBy(by, clock, {
          after: { id: of.session, ...(tenant && { tenant }) },
          type: 'session.renewed',
        }),
      );
      const session = await store.renew(of, { hash: hashKey(pepper.key, text), tenant });
      forget();
      if (!session) throw new Fault('not-found');
      return { session, cookie: set(text, (session.expiresAtMs - clock.now()) / 1000) };
    },

    list: (of) => store.list(of, { nowMs: clock.now(), idleMs }),
    tenantsOf: store.tenantsOf,
    verifier,
    cookieName,
    clearCookie: clear,
  };
}

const refused = (): Fault =>
  new Fault('not-authenticated', {
    detail: 'This session is over: sign in again.',
    challenge: 'invalid_token',
  });

/** Who has yet to choose a password has no role until then: what is left is what everybody may do with their own account. */
const callerOf = (
  { id, organization, tenant, environment, user, roles, organizationRoles, oneTime }: PresentedSession,
  ratePerMinute: number,
): Caller => ({
  principal: { type: 'user', id: user },
  organization,
  tenant,
  environment,
  scopes: [],
  roles: oneTime ? [] : roles,
  organizationRoles: oneTime ? [] : organizationRoles,
  credential: { kind: 'session', id },
  ratePerMinute,
});
