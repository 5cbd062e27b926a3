import type { AssignmentId, OrganizationId, Role, TenantId, UserId } from '@vallum/contract';
import type { Claims } from '../tokens/claims.ts';
import type { Provider } from './provider.ts';

/** What a provider gave for a code, before any of it has been verified. */
export interface Answer {
  readonly idToken: string;
  readonly accessToken: string;
}

/** Speaks OpenID Connect with providers. It is asked for nothing until somebody signs in, and no answer of theirs is waited for without end. */
export interface RelyingParty {
  /**
   * Where a browser goes to sign in there.
   * @throws SignInRefused `provider-unavailable`
   */
  authorizationUrl(
    provider: Provider,
    request: {
      readonly redirectUri: string;
      readonly state: string;
      readonly nonce: string;
      /** S256 of the verifier (RFC 7636). */
      readonly challenge: string;
    },
  ): Promise<string>;
  /**
   * Checks what the browser brought back (RFC 6749, RFC 9207) and redeems the code.
   * @param callback the redirect URI with what was added to it
   * @throws SignInRefused
   */
  redeem(
    provider: Provider,
    callback: URL,
    flow: { readonly state: string; readonly nonce: string; readonly verifier: string },
  ): Promise<Answer>;
  /**
   * What the provider tells of whom the access token is for; nothing where it does not tell.
   * @throws SignInRefused also when that is somebody else
   */
  userInfo(provider: Provider, accessToken: string, subject: string): Promise<Claims | undefined>;
  /** Where the provider's keys are. @throws SignInRefused `provider-unavailable` */
  keysUrl(provider: Provider): Promise<string>;
  /** Where a browser goes to sign out there; nothing where there is no such place. @throws SignInRefused */
  signOutUrl(provider: Provider, returnTo: string): Promise<string | undefined>;
}

/** A role that claims gave: in a tenant, or in all of the organization's. */
export interface ClaimedRole {
  readonly role: Role;
  readonly tenant: TenantId | undefined;
}

/** A user whom a provider vouches for. */
export interface OutsideUser {
  readonly id: UserId;
  readonly disabled: boolean;
  /** What the claims of the last sign-in gave. */
  readonly claimed: readonly (ClaimedRole & { readonly id: AssignmentId })[];
}

export interface NewOutsideUser {
  readonly id: UserId;
  readonly email: string;
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
}

/** Users whom providers vouch for, each found by its issuer and its subject there, and by nothing else. */
export interface OutsideUsers {
  find(organization: OrganizationId, issuer: string, subject: string): Promise<OutsideUser | undefined>;
  /** Whether an account of the organization has this e-mail. */
  hasEmail(organization: OrganizationId, email: string): Promise<boolean>;
  /** @returns false where the e-mail or the subject has an account already: somebody was faster. */
  create(organization: OrganizationId, user: NewOutsideUser): Promise<boolean>;
  giveRoles(
    organization: OrganizationId,
    user: UserId,
    roles: readonly (ClaimedRole & { readonly id: AssignmentId })[],
  ): Promise<void>;
  /** Takes roles away, and moves the control epoch with them. */
  takeRoles(organization: OrganizationId, user: UserId, assignments: readonly AssignmentId[]): Promise<void>;
  /** The tenant in whose part of the ledger stands what is about the whole organization: the oldest for production, else the oldest. */
  firstTenant(organization: OrganizationId): Promise<TenantId | undefined>;
}
