import type { OrganizationId, PasskeyId, SessionId, TenantId, UserId } from '@vallum/contract';

/** A user of ours, as administrators see them. */
export interface User {
  readonly id: UserId;
  readonly email: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastSignInAt: string | undefined;
  readonly disabledAt: string | undefined;
  /** Sign-in by password is refused until then; may be past. */
  readonly lockedUntilMs: number | undefined;
  readonly mustChangePassword: boolean;
  readonly totp: boolean;
  readonly passkeys: number;
  readonly issuer: string | undefined;
}

/** Which user, of which organization. */
export interface UserOf {
  readonly organization: OrganizationId;
  readonly user: UserId;
}

/** What is compared with what somebody types. */
export interface Secrets {
  readonly user: UserId;
  /** Undefined where they have none. */
  readonly password: string | undefined;
  /** Until when a password that an administrator gave opens; undefined for the user's own. */
  readonly oneTimeUntilMs: number | undefined;
  /** The TOTP secret in its box, where a code is asked for. */
  readonly totp: Buffer | undefined;
  /** Wrong passwords in a row, this try included. */
  readonly failures: number;
  /** Set by this try, if it is one of too many. */
  readonly lockedUntilMs: number | undefined;
}

/** One try to say a password. */
export interface Attempt {
  readonly organization: OrganizationId;
  readonly who: { readonly email: string } | { readonly user: UserId };
  /** An HMAC of the network that it comes from. */
  readonly network: Buffer;
  readonly nowMs: number;
}

/** Bounds of tries; `lockout.ts` says why these. */
export interface AttemptLimits {
  /** Tries of one network in a window. */
  readonly ofNetwork: number;
  /** The same while many networks try. */
  readonly ofNetworkInSpray: number;
  /** Tries of all networks in a window from which on that is so. */
  readonly spray: number;
  readonly windowMs: number;
  /** Wrong passwords in a row that have no consequence. */
  readonly free: number;
  readonly firstLockMs: number;
  readonly longestLockMs: number;
}

/** Users and what they sign in with, under row-level security by organization. */
export interface AccountStore {
  /** Newest first. */
  page(organization: OrganizationId, limit: number, before?: UserId): Promise<User[]>;
  user(of: UserOf): Promise<User | undefined>;
  organizationName(organization: OrganizationId): Promise<string | undefined>;
  /** Whether an address has an account. */
  hasEmail(organization: OrganizationId, email: string): Promise<boolean>;
  /** @throws Fault `conflict` where the address has an account */
  create(
    of: UserOf,
    made: {
      readonly email: string;
      readonly name: string;
      readonly password: string;
      readonly oneTimeUntilMs: number;
    },
  ): Promise<User>;
  rename(of: UserOf, name: string): Promise<User | undefined>;
  /** Ends all sessions of who is disabled, and moves the control epoch. @throws Fault `policy-denied` for the last owner */
  setDisabled(of: UserOf, disabled: boolean, nowMs: number): Promise<User | undefined>;
  /** Ends all sessions but perhaps one, forgets failures and moves the control epoch, all at once. */
  setPassword(
    of: UserOf,
    to: {
      readonly password: string;
      readonly nowMs: number;
      readonly oneTimeUntilMs?: number | undefined;
      readonly forgetSecondFactors?: boolean;
      readonly except?: SessionId | undefined;
    },
  ): Promise<void>;

  /**
   * Counts a try before anything is compared, so that of many at once, in whichever processes, none is free; and writes as much whoever is meant, and if nobody is.
   * @returns `too-many` where the network has used up its tries; nobody for who is unknown, disabled or locked.
   */
  attempt(attempt: Attempt, limits: AttemptLimits): Promise<Secrets | 'nobody' | 'too-many'>;
  /** Takes a try back: it was none that failed. @param forgetFailures after a whole success */
  takeBack(attempt: Attempt, limits: AttemptLimits, user: UserId, forgetFailures: boolean): Promise<void>;
  /** A code of the authenticator app. @returns false when this step, or a later one, was used already, in whichever process */
  useTotpStep(of: UserOf, step: number): Promise<boolean>;
  /** @returns false when there is no such code (any more) */
  useRecoveryCode(of: UserOf, hash: Buffer): Promise<boolean>;
  /** The tenant in which a user acts first, and whose their entries are; `role` says whether they have one there. */
  home(of: UserOf): Promise<{ readonly tenant: TenantId; readonly hasRole: boolean } | undefined>;

  /** A secret that is not asked for yet. @returns false where one is asked for already */
  proposeTotp(of: UserOf, sealed: Buffer): Promise<boolean>;
  /** The secret that is not asked for yet. */
  proposedTotp(of: UserOf): Promise<Buffer | undefined>;
  /** From now on codes are asked for. @returns false where nothing was proposed any more */
  confirmTotp(of: UserOf, step: number, nowMs: number, recoveryCodes: readonly Buffer[]): Promise<boolean>;
  removeTotp(of: UserOf): Promise<void>;
}

export interface Passkey {
  readonly id: PasskeyId;
  readonly user: UserId;
  readonly credentialId: Buffer;
  /** In its COSE form. */
  readonly publicKey: Buffer;
  readonly signCount: number;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | undefined;
}

/** Passkeys, and the challenges that were answered. */
export interface PasskeyStore {
  list(of: UserOf): Promise<Passkey[]>;
  /** Of a user who is not disabled. */
  byCredential(organization: OrganizationId, credentialId: Buffer): Promise<Passkey | undefined>;
  /** @throws Fault `conflict` where the credential is registered already */
  add(
    of: UserOf,
    made: Pick<Passkey, 'id' | 'credentialId' | 'publicKey' | 'signCount' | 'name'>,
  ): Promise<Passkey>;
  /** @returns whether it was there */
  remove(of: UserOf, id: PasskeyId): Promise<boolean>;
  /** Notes a use. @returns false when the count did not go up: then there are two of the authenticator */
  used(of: UserOf, id: PasskeyId, signCount: number, nowMs: number): Promise<boolean>;
  /** @returns false when it was answered before, in whichever process */
  spend(
    organization: OrganizationId,
    challenge: { readonly nonce: Buffer; readonly expiresAtMs: number },
    nowMs: number,
  ): Promise<boolean>;
}
