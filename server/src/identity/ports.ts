import type { AssignmentId, KeyId, OrganizationId, TenantId, UserId } from '@vallum/contract';
import type { Environment } from '../kernel/index.ts';

/** The isolation that a row belongs to. */
export interface Scope {
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
}

/** What is known of a presented key. */
export interface Credential extends Scope {
  readonly key: KeyId;
  readonly environment: Environment;
  readonly scopes: readonly string[];
  readonly ratePerMinute: number;
  readonly expiresAtMs: number | undefined;
  readonly revoked: boolean;
}

/** Finds a credential by what is stored of it. Reaches across tenants, by exact hash only. */
export interface CredentialStore {
  lookup(hash: Buffer): Promise<Credential | undefined>;
}

export interface Tenant {
  readonly id: TenantId;
  readonly name: string;
  readonly environment: Environment;
  readonly createdAt: string;
}

export interface ApiKey {
  readonly id: KeyId;
  readonly tenant: TenantId;
  readonly name: string;
  readonly hint: string;
  readonly scopes: readonly string[];
  readonly ratePerMinute: number;
  readonly createdAt: string;
  readonly expiresAt: string | undefined;
  readonly revokedAt: string | undefined;
}

export interface NewApiKey {
  readonly id: KeyId;
  readonly name: string;
  readonly hint: string;
  readonly hash: Buffer;
  readonly pepperVersion: number;
  readonly scopes: readonly string[];
  readonly ratePerMinute: number;
  readonly expiresAt: string | undefined;
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
  keys(scope: Scope, limit: number, before?: KeyId): Promise<ApiKey[]>;
  key(scope: Scope, id: KeyId): Promise<ApiKey | undefined>;
  createKey(scope: Scope, key: NewApiKey): Promise<ApiKey>;
  /** Revokes and moves the control epoch. @returns the key, or undefined where there is none. */
  revokeKey(scope: Scope, id: KeyId): Promise<ApiKey | undefined>;
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
