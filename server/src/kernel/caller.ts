import type { KeyId, OrganizationId, TenantId, UserId } from '@vallum/contract';

export type Environment = 'production' | 'staging' | 'development';

/** Who calls, once authenticated. */
export interface Caller {
  readonly principal: { readonly type: 'user' | 'service' | 'agent'; readonly id: KeyId | UserId };
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
  readonly environment: Environment;
  /** What the credential may be used for, such as `vallum:read`; policy reads these. */
  readonly scopes: readonly string[];
  /** Requests per minute for this credential. */
  readonly ratePerMinute: number;
}
