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
