import type { TokenId } from '@vallum/contract';
import type { CredentialKind, Environment, Principal } from '../../kernel/index.ts';
import type { Scope } from '../ports.ts';

/** What a short-lived credential goes back to: a key or a session, whose end is its own; or a token or certificate of others, of which nobody can be asked. */
export interface Root {
  readonly kind: Exclude<CredentialKind, 'short-lived'>;
  /** As in `Caller.credential`. */
  readonly id: string;
}

export interface ShortLived extends Scope {
  readonly id: TokenId;
  readonly principal: Principal;
  readonly scopes: readonly string[];
  readonly root: Root;
  /** The short-lived ones between, the newest last. */
  readonly madeFrom: readonly TokenId[];
  readonly run: string | undefined;
  readonly expiresAtMs: number;
  readonly revokedAt: string | undefined;
}

export interface NewShortLived
  extends Pick<ShortLived, 'id' | 'principal' | 'scopes' | 'root' | 'madeFrom' | 'run' | 'expiresAtMs'> {
  readonly hash: Buffer;
  readonly pepperVersion: number;
  readonly ratePerMinute: number;
  readonly createdAtMs: number;
}

/** One that is presented, with the present state of what it was made from. */
export interface PresentedShortLived
  extends Scope,
    Pick<ShortLived, 'id' | 'principal' | 'scopes' | 'root' | 'run'> {
  readonly environment: Environment;
  readonly ratePerMinute: number;
  /** What its root has now. */
  readonly rootScopes: readonly string[];
  readonly rootRoles: readonly string[];
  readonly rootOrganizationRoles: readonly string[];
  /** Those of its key. */
  readonly allowedAddresses: readonly string[];
  /** When its session was seen last. */
  readonly rootSeenAtMs: number | undefined;
  /** Its own end, or that of its root where that comes first. */
  readonly expiresAtMs: number;
  /** It is revoked, or something that it was made from. */
  readonly ended: boolean;
}

/** Short-lived credentials, under row-level security. */
export interface ShortLivedStore {
  /** By what is stored of a text; reaches across tenants, by exact hash only. */
  lookup(hash: Buffer): Promise<PresentedShortLived | undefined>;
  insert(scope: Scope, made: NewShortLived): Promise<void>;
  find(scope: Scope, id: TokenId): Promise<ShortLived | undefined>;
  /** Revokes, and moves the control epoch in the same transaction. @returns it, or undefined where there is none. */
  revoke(scope: Scope, id: TokenId): Promise<ShortLived | undefined>;
}
