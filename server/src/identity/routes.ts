import {
  apiKey,
  environment,
  id,
  mintedKey,
  newKey,
  newTenant,
  page,
  pageQuery,
  scope,
  type TenantId,
  tenant,
} from '@vallum/contract';
import { z } from 'zod';
import {
  type Caller,
  type Clock,
  Fault,
  type LedgerAppend,
  newId,
  type Rights,
  type Route,
  route,
  type TenantKeys,
} from '../kernel/index.ts';
import { hashKey, hintOf, mintKey } from './api-key.ts';
import { changeEntry } from './change.ts';
import type { ApiKey, Directory, Peppers, Scope, Tenant } from './ports.ts';
import { mustBeOwnToGive } from './roles/no-more-than-own.ts';

interface IdentityRouteParts {
  readonly directory: Directory;
  readonly ledger: LedgerAppend;
  readonly keys: TenantKeys;
  readonly peppers: Peppers;
  readonly rights: Rights;
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

const keyReply = (key: ApiKey): z.input<typeof apiKey> => ({
  id: key.id,
  tenant: key.tenant,
  name: key.name,
  hint: key.hint,
  scopes: [...key.scopes],
  rate_per_minute: key.ratePerMinute,
  created_at: key.createdAt,
  expires_at: key.expiresAt ?? null,
  revoked_at: key.revokedAt ?? null,
});

const pageOf = <T extends { id: string }>(data: T[], limit: number) => ({
  data,
  next_cursor: data.length === limit ? (data.at(-1)?.id ?? null) : null,
});

const ofTenant = { tenant: id('tenant').optional() };
const tenantIn = (given: unknown): TenantId | undefined => (given as { tenant?: TenantId }).tenant;

function tenantRoutes({ directory, ledger, keys, clock }: IdentityRouteParts): Route[] {
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

function keyRoutes({ directory, ledger, peppers, rights, clock }: IdentityRouteParts): Route[] {
  const [pepper] = peppers;
  if (!pepper) throw new Error('identity: API keys need a pepper');
  return [
    route({
      method: 'GET',
      path: '/v1/keys',
      action: 'key:list',
      summary: "List a tenant's API keys, newest first",
      seals: 'aggregate',
      query: pageQuery.extend({ cursor: id('key').optional(), ...ofTenant }),
      reply: page(apiKey),
      belongsTo: ({ query }) => tenantIn(query),
      async handle({ caller, query: { limit, cursor, tenant: of } }) {
        const listed = await directory.keys({ ...own(caller), ...(of && { tenant: of }) }, limit, cursor);
        return pageOf(listed.map(keyReply), limit);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/keys',
      action: 'key:create',
      summary: 'Make an API key; its text is shown this once',
      seals: 'each',
      status: 201,
      body: newKey,
      reply: mintedKey,
      belongsTo: ({ body }) => tenantIn(body),
      async handle({ caller, body, exchange }) {
        const scoped = { ...own(caller), ...(body.tenant && { tenant: body.tenant }) };
        const of = await directory.tenant(scoped);
        if (!of)
          throw new Fault('not-found', { detail: 'No such tenant in this organization.', param: 'tenant' });
        const expiresAt = body.expires_at === undefined ? undefined : new Date(body.expires_at).toISOString();
        if (expiresAt && Date.parse(expiresAt) <= clock.now()) {
          throw new Fault('input-invalid', {
            detail: 'body.expires_at: lies in the past.',
            param: 'expires_at',
          });
        }
        const scopes = z.array(scope).parse(body.scopes);
        mustBeOwnToGive(exchange, rights, { scopes, tenant: of.id });
        const key = mintKey(of.environment);
        const made = {
          id: newId('key', clock.now()),
          name: body.name,
          hint: hintOf(key),
          hash: hashKey(pepper.key, key),
          pepperVersion: pepper.version,
          scopes,
          ratePerMinute: body.rate_per_minute,
          expiresAt,
        };
        const after = {
          expires_at: expiresAt ?? null,
          id: made.id,
          rate_per_minute: made.ratePerMinute,
          scopes,
          tenant: of.id,
        };
        await ledger.append(changeEntry(exchange, clock, { after, type: 'key.created' }, made.name));
        return { ...keyReply(await directory.createKey(scoped, made)), key };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/keys/:id',
      action: 'key:revoke',
      summary: 'Revoke an API key',
      seals: 'each',
      params: z.strictObject({ id: id('key') }),
      query: z.strictObject(ofTenant),
      reply: apiKey,
      resource: ({ params }) => `key/${(params as { id: string }).id}`,
      belongsTo: ({ query }) => tenantIn(query),
      async handle({ caller, params, query: { tenant: of }, exchange }) {
        const scoped = { ...own(caller), ...(of && { tenant: of }) };
        const before = await directory.key(scoped, params.id);
        if (!before) throw new Fault('not-found');
        if (before.revokedAt !== undefined) return keyReply(before);
        // What restricts is done at once: on record on this machine's disk first, in the ledger as soon as it answers.
        await ledger.journal(
          changeEntry(exchange, clock, {
            after: { revoked: true },
            before: { id: before.id, revoked: false },
            type: 'key.revoked',
          }),
        );
        const revoked = await directory.revokeKey(scoped, params.id);
        if (!revoked) throw new Fault('not-found');
        return keyReply(revoked);
      },
    }),
  ];
}

/** Tenants and API keys of an organization. Every change is in the ledger. */
export const identityRoutes = (parts: IdentityRouteParts): Route[] => [
  ...tenantRoutes(parts),
  ...keyRoutes(parts),
];
