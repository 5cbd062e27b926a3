import {
  id,
  newService,
  page,
  pageQuery,
  serviceAccount,
  serviceChange,
  type TenantId,
} from '@vallum/contract';
import { z } from 'zod';
import { type Caller, type Exchange, Fault, newId, type Route, route } from '../../kernel/index.ts';
import { changeEntry } from '../change.ts';
import type { Scope } from '../ports.ts';
import { mustBeOwnToTake } from './no-more-than-own.ts';
import type { ServiceAccount } from './ports.ts';
import type { RoleRouteParts } from './routes.ts';

const serviceReply = (service: ServiceAccount): z.input<typeof serviceAccount> => ({
  id: service.id,
  tenant: service.tenant,
  name: service.name,
  created_at: service.createdAt,
  disabled_at: service.disabledAt ?? null,
});

const ofTenant = { tenant: id('tenant').optional() };
const params = z.strictObject({ id: id('service') });
const ofQuery = ({ query }: Exchange) => (query as { tenant?: TenantId }).tenant;
const resource = (x: Exchange): string => `service/${(x.params as { id: string }).id}`;

const scopeOf = ({ organization, tenant }: Caller, of: TenantId | undefined): Scope => ({
  organization,
  tenant: of ?? tenant,
});

/** Service accounts: programs that have keys and roles, in a tenant. */
export const serviceRoutes = ({
  services,
  roles,
  directory,
  rights,
  ledger,
  clock,
}: RoleRouteParts): Route[] => [
  route({
    method: 'GET',
    path: '/v1/services',
    action: 'service:list',
    summary: "List a tenant's service accounts, newest first",
    seals: 'aggregate',
    query: pageQuery.extend({ cursor: id('service').optional(), ...ofTenant }),
    reply: page(serviceAccount),
    belongsTo: ofQuery,
    async handle({ caller, query: { limit, cursor, tenant } }) {
      const data = (await services.page(scopeOf(caller, tenant), limit, cursor)).map(serviceReply);
      return { data, next_cursor: data.length === limit ? (data.at(-1)?.id ?? null) : null };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/services',
    action: 'service:create',
    summary: 'Make a service account',
    seals: 'each',
    status: 201,
    body: newService,
    reply: serviceAccount,
    belongsTo: ({ body }) => (body as { tenant?: TenantId }).tenant,
    async handle({ caller, body: { tenant, name }, exchange }) {
      const scope = scopeOf(caller, tenant);
      if (!(await directory.tenant(scope)))
        throw new Fault('not-found', { detail: 'No such tenant in this organization.', param: 'tenant' });
      const made = { id: newId('service', clock.now()), name };
      const after = { id: made.id, tenant: scope.tenant };
      await ledger.append(changeEntry(exchange, clock, { after, type: 'service.created' }, name));
      return serviceReply(await services.create(scope, made));
    },
  }),
  route({
    method: 'GET',
    path: '/v1/services/:id',
    action: 'service:read',
    summary: 'Read a service account',
    seals: 'aggregate',
    params,
    query: z.strictObject(ofTenant),
    reply: serviceAccount,
    resource,
    belongsTo: ofQuery,
    async handle({ caller, params: { id: of }, query: { tenant } }) {
      const service = await services.find(scopeOf(caller, tenant), of);
      if (!service) throw new Fault('not-found');
      return serviceReply(service);
    },
  }),
  route({
    method: 'PATCH',
    path: '/v1/services/:id',
    action: 'service:update',
    summary: 'Rename, disable or enable a service account',
    seals: 'each',
    params,
    query: z.strictObject(ofTenant),
    body: serviceChange,
    reply: serviceAccount,
    resource,
    belongsTo: ofQuery,
    async handle({ caller, params: { id: of }, query: { tenant }, body: { name, disabled }, exchange }) {
      const scope = scopeOf(caller, tenant);
      const service = await services.find(scope, of);
      if (!service) throw new Fault('not-found');
      const was = service.disabledAt !== undefined;
      // Its keys would open again what they opened, for whoever has them.
      if (was && disabled === false) {
        const principal = { type: 'service' as const, id: of };
        mustBeOwnToTake(exchange, rights, principal, await roles.held(scope, principal));
      }
      const entry = changeEntry(
        exchange,
        clock,
        {
          before: { disabled: was, id: of },
          after: { disabled: disabled ?? was, id: of },
          type: 'service.changed',
        },
        name,
      );
      await (disabled ? ledger.journal(entry) : ledger.append(entry));
      const changed = await services.change(scope, of, {
        ...(name !== undefined && { name }),
        ...(disabled !== undefined && { disabled }),
      });
      if (!changed) throw new Fault('not-found');
      return serviceReply(changed);
    },
  }),
];
