import type { AssignmentId, OrganizationId, TenantId, UserId } from '@vallum/contract';
import type { Environment } from '../kernel/index.ts';
import type { NewApiKey } from './keys/ports.ts';

/** The isolation that a row belongs to. */
export interface Scope {
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
}

export interface Tenant {
  readonly id: TenantId;
  readonly name: string;
  readonly environment: Environment;
  readonly createdAt: string;
}

export interface NewOrganization {
  readonly id: OrganizationId;
  readonly name: string;
  readonly tenants: readonly {
    readonly id: TenantId;
    readonly name: string;
    readonly environment: Environment;
  }[];
  /** Their password as it is stored, and the id of their role: they own it. */
  readonly admin: {
    readonly id: UserId;
    readonly email: string;
    readonly password: string;
    readonly assignment: AssignmentId;
  };
  readonly keys: readonly (NewApiKey & { readonly tenant: TenantId })[];
}

/** Organizations and what belongs to them, each under row-level security. Pages are newest first. */
export interface Directory {
  tenants(scope: Scope, limit: number, before?: TenantId): Promise<Tenant[]>;
  /** The scope's own tenant, if it is one of its organization's. */
  tenant(scope: Scope): Promise<Tenant | undefined>;
  createTenant(scope: Scope, tenant: Omit<Tenant, 'createdAt'>): Promise<Tenant>;
  /** The organization that the first start made. */
  firstOrganization(): Promise<OrganizationId | undefined>;
  /**
   * Makes the first organization, whole or not at all.
   * @returns false when there is one already: somebody else was first.
   */
  bootstrap(organization: NewOrganization): Promise<boolean>;
}

/** Versioned keys of the HMAC under which API keys are stored; the newest first. */
export type Peppers = readonly { readonly version: number; readonly key: Buffer }[];
