import type { AgentId, KeyId, OrganizationId, ServiceId, TenantId, UserId } from '@vallum/contract';

export type Environment = 'production' | 'staging' | 'development';

/** Ids are ours: what an issuer or a certificate calls somebody may be personal, and is in `Caller.subject` alone. */
export interface Principal {
  readonly type: 'user' | 'service' | 'agent';
  readonly id: KeyId | UserId | ServiceId | AgentId;
}

/** What proved who calls. */
export type CredentialKind = 'key' | 'token' | 'certificate' | 'session' | 'short-lived';

/** Who calls, once authenticated. */
export interface Caller {
  readonly principal: Principal;
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
  readonly environment: Environment;
  /** What the credential may be used for, such as `vallum:read`; policy reads these. */
  readonly scopes: readonly string[];
  /** What the principal is in this tenant, such as `auditor`; policy reads these too. */
  readonly roles: readonly string[];
  /** Those of `roles` that hold in every tenant of the organization: only these reach beyond the tenant. None where it is absent. */
  readonly organizationRoles?: readonly string[];
  /** What was presented. The id is ours: a key's, a session's; for tokens and certificates the principal's. */
  readonly credential: { readonly kind: CredentialKind; readonly id: string };
  /** The run that the credential is for, where it is for one only. */
  readonly run?: string;
  /** Requests per minute for this credential. */
  readonly ratePerMinute: number;
  /** What those call the principal who vouch for it, where that is not us. Personal: the ledger holds it as a commitment, and nothing else does. */
  readonly subject?: { readonly issuer: string; readonly name: string };
}
