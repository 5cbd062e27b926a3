import type { KeyId, ServiceId, TenantId } from '@vallum/contract';
import type { Environment } from '../../kernel/index.ts';
import type { Scope } from '../ports.ts';

/** What is known of a presented key. */
export interface Credential extends Scope {
  readonly key: KeyId;
  readonly environment: Environment;
  readonly scopes: readonly string[];
  readonly ratePerMinute: number;
  /** CIDRs from which it may be used; from anywhere where there are none. */
  readonly allowedAddresses: readonly string[];
  /** The service account whose key it is, and what that is in the key's tenant. */
  readonly service: ServiceId | undefined;
  readonly roles: readonly string[];
  /** Those of the roles that hold in the whole organization. */
  readonly organizationRoles: readonly string[];
  readonly expiresAtMs: number | undefined;
  /** It is revoked, or its service account disabled. */
  readonly ended: boolean;
}

/** Finds a credential by what is stored of it. Reaches across tenants, by exact hash only. */
export interface CredentialStore {
  lookup(hash: Buffer): Promise<Credential | undefined>;
}

export interface ApiKey {
  readonly id: KeyId;
  readonly tenant: TenantId;
  readonly service: ServiceId | undefined;
  readonly name: string;
  readonly hint: string;
  readonly scopes: readonly string[];
  readonly ratePerMinute: number;
  readonly allowedAddresses: readonly string[];
  readonly createdAt: string;
  readonly lastUsedAt: string | undefined;
  readonly rotatedFrom: KeyId | undefined;
  readonly expiresAt: string | undefined;
  readonly revokedAt: string | undefined;
}

/** The text of a new key, as it is stored. */
export interface NewKeyText {
  readonly id: KeyId;
  readonly hint: string;
  readonly hash: Buffer;
  readonly pepperVersion: number;
}

export interface NewApiKey extends NewKeyText {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly ratePerMinute: number;
  readonly expiresAt: string | undefined;
  readonly service?: ServiceId | undefined;
  readonly allowedAddresses?: readonly string[];
}

export interface KeyChange {
  readonly name?: string | undefined;
  readonly ratePerMinute?: number | undefined;
  readonly allowedAddresses?: readonly string[] | undefined;
}

/** When a key was used last. */
export interface KeyUse extends Scope {
  readonly key: KeyId;
  readonly atMs: number;
}

/** API keys, under row-level security. Pages are newest first. What restricts one moves the control epoch in the same transaction. */
export interface KeyStore {
  keys(scope: Scope, limit: number, before?: KeyId): Promise<ApiKey[]>;
  key(scope: Scope, id: KeyId): Promise<ApiKey | undefined>;
  createKey(scope: Scope, key: NewApiKey): Promise<ApiKey>;
  /** @returns the key, or undefined where there is none. */
  revokeKey(scope: Scope, id: KeyId): Promise<ApiKey | undefined>;
  /** @returns the key, or undefined where there is none that is not revoked. */
  changeKey(scope: Scope, id: KeyId, change: KeyChange): Promise<ApiKey | undefined>;
  /**
   * Makes a key with the settings that this one has, which ends at a time unless it ends before.
   * @returns the new key, or undefined where there is none that could be replaced; then nothing has changed.
   */
  rotateKey(scope: Scope, id: KeyId, by: NewKeyText, endsAt: string): Promise<ApiKey | undefined>;
  /** Notes uses of keys of one tenant; what another process is noting at the moment may be left out. */
  markUsed(scope: Scope, uses: readonly KeyUse[]): Promise<void>;
}
