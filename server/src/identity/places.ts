import type { OrganizationId, TenantId } from '@vallum/contract';
import type { Clock, Environment } from '../kernel/index.ts';
import type { Directory } from './ports.ts';

/** Where a tenant is. */
export interface Place {
  readonly organization: OrganizationId;
  readonly environment: Environment;
}

export interface Places {
  /** The place of a tenant, if it is one of the organization's; of the first organization's where none is given. */
  find(of: {
    readonly organization: OrganizationId | undefined;
    readonly tenant: TenantId;
  }): Promise<Place | undefined>;
}

/** How long a place is believed; tenants do not move. */
const believedMs = 60_000;
const placesKept = 10_000;

/** Places by the directory's word, kept for a minute. What is not there is asked for each time. */
export function createPlaces(
  directory: Pick<Directory, 'tenant' | 'firstOrganization'>,
  clock: Clock,
): Places {
  const known = new Map<string, Place & { readonly untilMs: number }>();
  let first: OrganizationId | undefined;

  return {
    async find({ organization: of, tenant }) {
      if (of === undefined) first ??= await directory.firstOrganization();
      const organization = of ?? first;
      if (!organization) return undefined;
      const name = `${organization} ${tenant}`;
      const kept = known.get(name);
      if (kept && kept.untilMs > clock.now()) return kept;
      known.delete(name);
      const found = await directory.tenant({ organization, tenant });
      if (!found) return undefined;
      if (known.size >= placesKept) known.clear();
      const place = { organization, environment: found.environment, untilMs: clock.now() + believedMs };
      known.set(name, place);
      return place;
    },
  };
}
