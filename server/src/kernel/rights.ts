import type { TenantId } from '@vallum/contract';
import type { Caller, Principal } from './caller.ts';

/** What somebody would get: roles, or what a credential may be used for. */
export interface Given {
  readonly roles?: readonly string[];
  readonly scopes?: readonly string[];
  /** Those of the roles that hold in every tenant; all of them where the tenant is null, else none where it is absent. */
  readonly organizationRoles?: readonly string[];
  /** In which tenant; null for every one of the organization. The giver's own where it is absent. */
  readonly tenant?: TenantId | null;
  /** Who gets it, where that is known: a policy may name them. */
  readonly principal?: Principal;
  /** What gets it, where who is not known; a service where it is absent. */
  readonly type?: Principal['type'];
}

/** A role that somebody has, in one tenant or (null) in every one of the organization. */
export interface HeldRole {
  readonly role: string;
  readonly tenant: TenantId | null;
}

/** Who may give what to whom. It follows from the policies in force; what they cannot answer nobody may give. */
export interface Rights {
  /**
   * Nobody gives more than they have. A giver has their scopes in other tenants as well where they may assign roles there; of their roles those count there
   * that hold in the whole organization.
   * @returns the first action that this would allow and the giver may not do; undefined where it may be given.
   */
  mayGrant(giver: Caller, given: Given): string | undefined;
  /**
   * Whether somebody may act for another: set their password, make their keys, take their roles. They must be able to do everything that the other can.
   * @returns the first action that the other may do and the caller may not; undefined where there is none.
   */
  mayAdminister(caller: Caller, other: Principal, held: readonly HeldRole[]): string | undefined;
  /** What a role allows, by the policies themselves, beside what everybody may do with what is their own. */
  actionsOf(
    role: string,
    organization: Pick<Caller, 'organization' | 'tenant' | 'environment'>,
  ): {
    /** In the tenant where somebody has it. */
    readonly tenant: readonly string[];
    /** Also in other tenants and for the organization itself, when it is held in every tenant. */
    readonly organization: readonly string[];
  };
}
