import { environment, id, newTenant, page, pageQuery, tenant } from '@vallum/contract';
import type { z } from 'zod';
import {
  type Caller,
  type Clock,
  type LedgerAppend,
  newId,
  type Route,
  route,
  type TenantKeys,
} from '../kernel/index.ts';
import { changeEntry } from './change.ts';
import type { Directory, Scope, Tenant } from './ports.ts';

interface IdentityRouteParts {
  readonly directory: Directory;
  readonly ledger: LedgerAppend;
  readonly keys: TenantKeys;
  readonly clock: Clock;
}

const own = ({ organization, tenant: ownTenant }: Caller): Scope => ({ organization, tenant: ownTenant });

const tenantReply = ({
  id: tenantId,
  name,
  environment: kind,
  createdAt,
}: Tenant): z.input<typeof tenant> => ({
  id: tenantId,
  name,
  environment: kind,
  created_at: createdAt,
});

const pageOf = <T extends { id: string }>(data: T[], limit: number) => ({
  data,
  next_cursor: data.length === limit ? (data.at(-1)?.id ?? null) : null,
});

/** The tenants of an organization. Every change is in the ledger. */
export function identityRoutes({ directory, ledger, keys, clock }: IdentityRouteParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/tenants',
      action: 'tenant:list',
      summary: "List the organization's tenants, newest first",
      belongsTo: () => 'organization',
      seals: 'aggregate',
      query: pageQuery.extend({ cursor: id('tenant').optional() }),
      reply: page(tenant),
      async handle({ caller, query: { limit, cursor } }) {
        const tenants = await directory.tenants(own(caller), limit, cursor);
        return pageOf(tenants.map(tenantReply), limit);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/tenants',
      action: 'tenant:create',
      summary: 'Make a tenant',
      belongsTo: () => 'organization',
      seals: 'each',
      status: 201,
      body: newTenant,
      reply: tenant,
      async handle({ caller, body, exchange }) {
        const made = {
          id: newId('tenant', clock.now()),
          name: body.name,
          environment: environment.parse(body.environment),
        };
        // What loosens is on record before it is done.
        await ledger.append(
          changeEntry(
            exchange,
            clock,
            { after: { environment: made.environment, id: made.id }, type: 'tenant.created' },
            made.name,
          ),
        );
        await keys.create(made.id);
        return tenantReply(await directory.createTenant(own(caller), made));
      },
    }),
  ];
}
