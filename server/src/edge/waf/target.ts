import type { TenantId, wafTarget } from '@vallum/contract';
import type { z } from 'zod';
import type { Caller, Clock, LedgerAppend } from '../../kernel/index.ts';
import type { Level, Scope, WafSettings } from './ports.ts';

export interface SettingRouteParts {
  readonly settings: WafSettings;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
}

/** Whose setting a request is about. */
export function targetOf(
  { organization, tenant: own }: Caller,
  { scope: level, tenant = own }: z.output<typeof wafTarget>,
): { readonly scope: Scope; readonly level: Level; readonly named: TenantId | null } {
  return { scope: { organization, tenant }, level, named: level === 'tenant' ? tenant : null };
}

/** Whose a setting is, for policy: that tenant's, or the organization's itself. @param given by the schemas above, checked by them */
export function ownerOf(given: unknown): TenantId | 'organization' | undefined {
  const { scope, tenant } = given as { scope: 'tenant' | 'organization'; tenant?: TenantId };
  return scope === 'organization' ? 'organization' : tenant;
}
