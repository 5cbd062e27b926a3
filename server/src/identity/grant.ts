import { createHmac } from 'node:crypto';
import { type IdKind, idOf, type OrganizationId, type TenantId } from '@vallum/contract';
import type { Caller, Principal } from '../kernel/index.ts';

/** What a token or a certificate says, as far as it is believed. */
export interface Grant {
  readonly type: Principal['type'];
  /** Who vouches, and what the principal is called there. */
  readonly issuer: string;
  readonly name: string;
  /** Whose the tenant must be; the first organization's where it is absent. */
  readonly organization: OrganizationId | undefined;
  readonly tenant: TenantId;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly ratePerMinute: number;
}

/** The caller that a grant makes, in a tenant that is there. */
export function callerOf(
  kind: 'token' | 'certificate',
  { type, issuer, name, tenant, scopes, roles, ratePerMinute }: Grant,
  { organization, environment }: Pick<Caller, 'organization' | 'environment'>,
  subjectKey: Buffer,
): Caller {
  const id = principalId(subjectKey, type, issuer, name);
  return {
    principal: { type, id },
    organization,
    tenant,
    environment,
    scopes,
    roles,
    credential: { kind, id },
    ratePerMinute,
    subject: { issuer, name },
  };
}

/**
 * Our id for somebody whom others name: the same each time, in every process, and without the key nobody can tell from it who that is. A UUIDv8 (RFC 9562, section 5.8)
 * of an HMAC of both names.
 */
export function principalId(
  key: Buffer,
  type: Principal['type'],
  issuer: string,
  name: string,
): Principal['id'] {
  const digest = createHmac('sha256', key)
    .update(JSON.stringify([issuer, name]))
    .digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex', 0, 16);
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  return idOf(type satisfies IdKind, uuid);
}
