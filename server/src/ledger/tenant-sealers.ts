import type { TenantId } from '@vallum/contract';
import type { TenantKeys } from '../kernel/index.ts';
import { createSealer, type Sealer } from './record.ts';

/** Seals for one tenant, under its audit key. */
export interface TenantSealer {
  readonly entries: Sealer;
  readonly fields: Sealer;
}

/** Sealers of tenants, kept once their key has been derived, so that sealing does not wait. */
export function createTenantSealers(keys: TenantKeys) {
  const ready = new Map<TenantId, TenantSealer>();
  const loading = new Map<TenantId, Promise<TenantSealer>>();
  return {
    /** The tenant's sealer if it is at hand. */
    atHand: (tenant: TenantId): TenantSealer | undefined => ready.get(tenant),
    /** Asked by many at once, its key is derived once, and they go on in their order. */
    load(tenant: TenantId): Promise<TenantSealer> {
      const made =
        loading.get(tenant) ??
        keys
          .derive(tenant, 'audit')
          .then((key) => {
            const sealer = { entries: createSealer(key, 'entry'), fields: createSealer(key, 'field') };
            ready.set(tenant, sealer);
            return sealer;
          })
          .finally(() => loading.delete(tenant));
      loading.set(tenant, made);
      return made;
    },
  };
}

export type TenantSealers = ReturnType<typeof createTenantSealers>;
