import type { AssignmentId, Role, ServiceId, TenantId, UserId } from '@vallum/contract';
import type { HeldRole } from '../../kernel/index.ts';
import type { Scope } from '../ports.ts';

/** Who can have roles. */
export type Holder =
  | { readonly type: 'user'; readonly id: UserId }
  | { readonly type: 'service'; readonly id: ServiceId };

/** A role that somebody has. */
export interface Assignment extends HeldRole {
  readonly id: AssignmentId;
  readonly holder: Holder;
  readonly role: Role;
  /** `claims`: an identity provider says so at each sign-in. */
  readonly origin: 'assigned' | 'claims';
  readonly createdAt: string;
}

export interface RolePage {
  readonly limit: number;
  readonly before?: AssignmentId;
  /** Only those in this tenant. */
  readonly tenant?: TenantId;
}

/** Roles, of an organization. */
export interface RoleStore {
  /** Whether there is such a user in the organization, or such a service account in the scope's tenant. */
  exists(scope: Scope, holder: Holder): Promise<boolean>;
  /** Newest first. */
  page(scope: Scope, holder: Holder, page: RolePage): Promise<Assignment[]>;
  /** All of them, wherever. */
  held(scope: Scope, holder: Holder): Promise<HeldRole[]>;
  find(scope: Scope, holder: Holder, id: AssignmentId): Promise<Assignment | undefined>;
  /** @throws Fault `conflict` where they have it already */
  assign(
    scope: Scope,
    assignment: Pick<Assignment, 'id' | 'holder' | 'role' | 'tenant'>,
  ): Promise<Assignment>;
  /**
   * Takes a role away, and moves the control epoch.
   * @throws Fault `policy-denied` for the last owner of the organization
   */
  remove(scope: Scope, holder: Holder, id: AssignmentId): Promise<void>;
  /** Whether somebody else is an owner for good: an enabled user, in every tenant, not by claims alone. */
  hasOtherOwner(scope: Scope, than: Holder): Promise<boolean>;
}

export interface ServiceAccount {
  readonly id: ServiceId;
  readonly tenant: TenantId;
  readonly name: string;
  readonly createdAt: string;
  readonly disabledAt: string | undefined;
}

/** Service accounts of the scope's tenant. */
export interface ServiceStore {
  /** Newest first. */
  page(scope: Scope, limit: number, before?: ServiceId): Promise<ServiceAccount[]>;
  find(scope: Scope, id: ServiceId): Promise<ServiceAccount | undefined>;
  create(scope: Scope, made: Pick<ServiceAccount, 'id' | 'name'>): Promise<ServiceAccount>;
  /** Moves the control epoch where it disables. @returns the account, or undefined where there is none */
  change(
    scope: Scope,
    id: ServiceId,
    change: { readonly name?: string; readonly disabled?: boolean },
  ): Promise<ServiceAccount | undefined>;
}
