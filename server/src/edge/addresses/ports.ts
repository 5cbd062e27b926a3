import type { OrganizationId, TenantId } from '@vallum/contract';

/** Whose lists: an organization's. The tenant is the one in which who asks is. */
export interface ListScope {
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
}

export interface ListEntry {
  readonly cidr: string;
  /** Unix milliseconds; for ever where it is undefined. */
  readonly expiresAtMs: number | undefined;
  readonly note: string | undefined;
}

/** An organization's lists, as its administrators made them. */
export interface OrganizationLists {
  readonly allow: readonly ListEntry[];
  readonly deny: readonly ListEntry[];
  /** Counts the changes; 0 before the first. */
  readonly version: number;
  readonly updatedAt: string | undefined;
}

export interface ListStore {
  read(scope: ListScope): Promise<OrganizationLists>;
  /**
   * Replaces the lists and moves the control epoch, so that every process asks for them again.
   * @returns undefined where they were not of that version any more; then nothing was changed.
   */
  replace(
    scope: ListScope,
    lists: Pick<OrganizationLists, 'allow' | 'deny'>,
    version: number,
  ): Promise<OrganizationLists | undefined>;
}
