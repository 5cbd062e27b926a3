import type { TenantId } from '@vallum/contract';

/** Something that happened and that a watcher may want to know. Never content, never a secret. */
export interface Signal {
  readonly kind: string;
  readonly tenant?: TenantId;
  readonly severity: 'info' | 'warning' | 'critical';
  /** Numbers and short codes only. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}
