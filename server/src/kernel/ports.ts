import type { KeyObject } from 'node:crypto';
import type { LedgerEntry, TenantId } from '@vallum/contract';

/** An entry of the ledger before it is sealed. */
export interface NewEntry {
  /** `committed` is filled from `fields`. */
  readonly entry: Omit<LedgerEntry, 'committed'>;
  /** The entry as canonical JSON (RFC 8785), where the caller has it already. */
  readonly text?: string;
  /** JSON for the request explorer that is not part of the proof: the steps and their times. */
  readonly trace?: string;
  /** Values that the entry holds as commitments only: personal, or content. */
  readonly fields?: readonly CommittedField[];
}

/** The entry holds its commitment; the record beside it the value, encrypted. */
export interface CommittedField {
  /** The name under which the entry holds the commitment. */
  readonly name: string;
  readonly value: string;
}

/** Appends to the tamper-evident log. */
export interface LedgerAppend {
  /**
   * Resolves when the entry is durable, signed for and provable, with its global index; never before.
   * Appending the same tenant, id and phase again resolves with the index it already has.
   * @throws Fault `unavailable` when that did not happen in time. The entry may still be sealed later: append its outcome.
   */
  append(entry: NewEntry): Promise<number>;
  /**
   * For actions that restrict: resolves when the entry is on disk here; it is appended as soon as the log answers, also after a restart.
   */
  journal(entry: NewEntry): Promise<void>;
}

export type KeyPurpose = 'audit';

/** Keys of tenants, that never leave their home except as what is derived from them. */
export interface TenantKeys {
  /** Makes the tenant's first key-encryption key. Does nothing if it has one. Durable when it resolves. */
  create(tenant: TenantId): Promise<void>;
  /**
   * A 32-byte key for one purpose, the same at each call with the same version (the newest where none is given).
   * @throws Fault `not-found` when the tenant has no such key or it was erased: a caller cannot tell which.
   */
  derive(
    tenant: TenantId,
    purpose: KeyPurpose,
    version?: number,
  ): Promise<{ readonly version: number; readonly key: KeyObject }>;
  /** Deletes every version, in every copy that this store keeps. What was encrypted under them is gone. */
  erase(tenant: TenantId): Promise<void>;
}

/** What an exchange may cost at most, held before it is spent. */
export interface HoldRequest {
  readonly tenant: TenantId;
  readonly tokens: number;
}

export interface QuotaHold {
  /** Gives back what was not used; once. */
  settle(usedTokens: number): void;
}

/** Amounts that a tenant may use. */
export interface Quota {
  /**
   * Holds the amount: settled + held never exceeds the limit.
   * @throws Fault `quota-exhausted` when it would.
   */
  hold(request: HoldRequest): Promise<QuotaHold> | QuotaHold;
}
