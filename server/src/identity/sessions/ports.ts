import type { OrganizationId, SessionId, TenantId, UserId } from '@vallum/contract';
import type { Environment } from '../../kernel/index.ts';

/** How who signed in was known. */
export type SignInMethod = 'password' | 'password+totp' | 'password+recovery' | 'passkey' | 'oidc';

/** A sign-in that lasts. */
export interface Session {
  readonly id: SessionId;
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly method: SignInMethod;
  /** What the user agent says it is. */
  readonly client: string;
  /** Times in Unix milliseconds. */
  readonly createdAtMs: number;
  /** Noted once a minute at most. */
  readonly seenAtMs: number;
  /** When it ends whatever happens. */
  readonly expiresAtMs: number;
}

/** What is known of a presented session. */
export interface PresentedSession
  extends Pick<
    Session,
    'id' | 'organization' | 'tenant' | 'user' | 'createdAtMs' | 'seenAtMs' | 'expiresAtMs'
  > {
  readonly environment: Environment;
  /** What the user is in the session's tenant. */
  readonly roles: readonly string[];
  /** Those that they are in every tenant. */
  readonly organizationRoles: readonly string[];
  readonly revoked: boolean;
  readonly disabled: boolean;
  /** Whether the user has yet to choose a password of their own. */
  readonly oneTime: boolean;
}

/** Which sessions: one, or all of a user but perhaps one. */
export interface SessionsOf {
  readonly organization: OrganizationId;
  readonly user: UserId;
  readonly session?: SessionId | undefined;
  readonly except?: SessionId | undefined;
}

/** Sessions, under row-level security by organization. What ends or moves one moves the control epoch in the same transaction. */
export interface SessionStore {
  /** By what is stored of a text; reaches across organizations, by exact hash only. */
  lookup(hash: Buffer): Promise<PresentedSession | undefined>;
  insert(session: Session, hash: Buffer): Promise<void>;
  /** Those that are not over, newest first. */
  list(of: SessionsOf, alive: { readonly nowMs: number; readonly idleMs: number }): Promise<Session[]>;
  /** Ends sessions. @returns how many did not have an end yet */
  revoke(of: SessionsOf, nowMs: number): Promise<number>;
  /** Another text, and perhaps another tenant, for a session that is not revoked. @returns the session, or undefined where there is none */
  renew(
    of: Required<Pick<SessionsOf, 'organization' | 'user'>> & { readonly session: SessionId },
    to: { readonly hash: Buffer; readonly tenant?: TenantId | undefined },
  ): Promise<Session | undefined>;
  /** Notes that a session was used. May be lost. */
  touch(session: Pick<Session, 'organization' | 'id'>, atMs: number): Promise<void>;
  /** The tenants in which a user has a role, those for production first. */
  tenantsOf(
    of: Pick<SessionsOf, 'organization' | 'user'>,
    limit: number,
  ): Promise<{ readonly id: TenantId; readonly name: string; readonly environment: Environment }[]>;
}
