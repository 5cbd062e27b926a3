import {
  apiKey,
  id,
  keyChange,
  keyRotation,
  mintedKey,
  newKey,
  page,
  pageQuery,
  type ServiceId,
  scope,
  type TenantId,
} from '@vallum/contract';
import { z } from 'zod';
import {
  type Caller,
  type Clock,
  type Exchange,
  Fault,
  type LedgerAppend,
  newId,
  type Rights,
  type Route,
  route,
} from '../../kernel/index.ts';
import { hashKey, hintOf, mintKey } from '../api-key.ts';
import { changeEntry } from '../change.ts';
import type { Directory, Peppers, Scope } from '../ports.ts';
import { mustBeOwnToGive, mustBeOwnToTake } from '../roles/no-more-than-own.ts';
import type { RoleStore, ServiceStore } from '../roles/ports.ts';
import { isNarrower, networkProblem } from './networks.ts';
import type { ApiKey, KeyStore } from './ports.ts';

interface KeyRouteParts {
  readonly directory: Pick<Directory, 'tenant'>;
  readonly store: KeyStore;
  readonly ledger: LedgerAppend;
  readonly peppers: Peppers;
  readonly services: Pick<ServiceStore, 'find'>;
  readonly roles: Pick<RoleStore, 'held'>;
  readonly rights: Rights;
  /** Days after which a key should be replaced. */
  readonly rotationDays: number;
  readonly clock: Clock;
}

const dayMs = 24 * 3_600_000;
const hourMs = 3_600_000;
const tenantIn = (given: unknown): TenantId | undefined => (given as { tenant?: TenantId }).tenant;
const ofKey = {
  params: z.strictObject({ id: id('key') }),
  query: z.strictObject({ tenant: id('tenant').optional() }),
  resource: ({ params }: Exchange) => `key/${(params as { id: string }).id}`,
  belongsTo: ({ query }: Exchange) => tenantIn(query),
};

const scopeOf = ({ organization, tenant: own }: Caller, tenant = own): Scope => ({ organization, tenant });

/** @throws Fault `input-invalid` for what is not a network, or has bits beyond its prefix */
function checkNetworks(networks: readonly string[] = []): void {
  for (const [i, network] of networks.entries()) {
    const problem = networkProblem(network);
    if (problem)
      throw new Fault('input-invalid', {
        detail: `body.allowed_addresses.${i}: ${problem}.`,
        param: 'allowed_addresses',
      });
  }
}

/** API keys: made, shown, changed, rotated and revoked. Every change is in the ledger. */
export function keyRoutes(parts: KeyRouteParts): Route[] {
  const { directory, store, services, roles, ledger, peppers, rights, rotationDays, clock } = parts;
  const [pepper] = peppers;
  if (!pepper) throw new Error('identity: API keys need a pepper');

  /** When a key should be replaced, unless it ends before. */
  function rotationDue({ createdAt, expiresAt, revokedAt }: ApiKey): string | null {
    const dueMs = Date.parse(createdAt) + rotationDays * dayMs;
    const endsMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
    return revokedAt !== undefined || endsMs <= dueMs ? null : new Date(dueMs).toISOString();
  }

  const replyOf = (key: ApiKey): z.input<typeof apiKey> => ({
    id: key.id,
    tenant: key.tenant,
    service: key.service ?? null,
    name: key.name,
    hint: key.hint,
    scopes: [...key.scopes],
    rate_per_minute: key.ratePerMinute,
    allowed_addresses: [...key.allowedAddresses],
    created_at: key.createdAt,
    last_used_at: key.lastUsedAt ?? null,
    rotated_from: key.rotatedFrom ?? null,
    rotation_due_at: rotationDue(key),
    expires_at: key.expiresAt ?? null,
    revoked_at: key.revokedAt ?? null,
  });

  /** @throws Fault `not-found`; `conflict` for one that has ended */
  async function liveKey(scoped: Scope, keyId: ApiKey['id']): Promise<ApiKey> {
    const key = await store.key(scoped, keyId);
    if (!key) throw new Fault('not-found');
    if (key.revokedAt !== undefined || (key.expiresAt && Date.parse(key.expiresAt) <= clock.now()))
      throw hasEnded();
    return key;
  }

  /** @throws Fault `not-found`; `policy-denied` where the service account may do more than the caller, who would speak for it */
  async function mustBeOwnService(x: Exchange, scoped: Scope, service: ServiceId): Promise<void> {
    const account = await services.find(scoped, service);
    if (!account || account.disabledAt !== undefined)
      throw new Fault('not-found', { detail: 'No such service account in this tenant.', param: 'service' });
    const holder = { type: 'service', id: service } as const;
    mustBeOwnToTake(x, rights, holder, await roles.held(scoped, holder));
  }

  const textOf = (text: string) => ({
    id: newId('key', clock.now()),
    hint: hintOf(text),
    hash: hashKey(pepper.key, text),
    pepperVersion: pepper.version,
  });

  return [
    route({
      method: 'GET',
      path: '/v1/keys',
      action: 'key:list',
      summary: "List a tenant's API keys, newest first",
      seals: 'aggregate',
      query: pageQuery.extend({ cursor: id('key').optional(), tenant: id('tenant').optional() }),
      reply: page(apiKey),
      belongsTo: ({ query }) => tenantIn(query),
      async handle({ caller, query: { limit, cursor, tenant } }) {
        const listed = await store.keys(scopeOf(caller, tenant), limit, cursor);
        return {
          data: listed.map(replyOf),
          next_cursor: listed.length === limit ? (listed.at(-1)?.id ?? null) : null,
        };
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
        const scoped = scopeOf(caller, body.tenant);
        const of = await directory.tenant(scoped);
        if (!of)
          throw new Fault('not-found', { detail: 'No such tenant in this organization.', param: 'tenant' });
        checkNetworks(body.allowed_addresses);
        const expiresAt = body.expires_at === undefined ? undefined : new Date(body.expires_at).toISOString();
        if (expiresAt && Date.parse(expiresAt) <= clock.now()) {
          throw new Fault('input-invalid', {
            detail: 'body.expires_at: lies in the past.',
            param: 'expires_at',
          });
        }
        const scopes = z.array(scope).parse(body.scopes);
        mustBeOwnToGive(exchange, rights, { scopes, tenant: of.id });
        if (body.service) await mustBeOwnService(exchange, scoped, body.service);
        const text = mintKey(of.environment);
        const made = {
          ...textOf(text),
          name: body.name,
          scopes,
          ratePerMinute: body.rate_per_minute,
          service: body.service,
          allowedAddresses: body.allowed_addresses,
          expiresAt,
        };
        const after = {
          allowed_addresses: body.allowed_addresses,
          expires_at: expiresAt ?? null,
          id: made.id,
          rate_per_minute: made.ratePerMinute,
          scopes,
          service: body.service ?? null,
          tenant: of.id,
        };
        // What loosens is on record before it is done.
        await ledger.append(changeEntry(exchange, clock, { after, type: 'key.created' }, made.name));
        return { ...replyOf(await store.createKey(scoped, made)), key: text };
      },
    }),
    route({
      ...ofKey,
      method: 'PATCH',
      path: '/v1/keys/:id',
      action: 'key:update',
      summary: 'Change the name, the rate or the allowed addresses of an API key',
      seals: 'each',
      body: keyChange,
      reply: apiKey,
      async handle({ caller, params, query: { tenant }, body, exchange }) {
        const scoped = scopeOf(caller, tenant);
        checkNetworks(body.allowed_addresses);
        const key = await liveKey(scoped, params.id);
        const { rate_per_minute: rate = key.ratePerMinute } = body;
        const { allowed_addresses: addresses = [...key.allowedAddresses] } = body;
        const entry = changeEntry(
          exchange,
          clock,
          {
            after: { allowed_addresses: addresses, rate_per_minute: rate },
            before: {
              allowed_addresses: [...key.allowedAddresses],
              id: key.id,
              rate_per_minute: key.ratePerMinute,
            },
            type: 'key.changed',
          },
          body.name,
        );
        const restricts = rate <= key.ratePerMinute && isNarrower(addresses, key.allowedAddresses);
        await (restricts ? ledger.journal(entry) : ledger.append(entry));
        // A caller who shuts itself out is told that it has done so.
        if (key.id === caller.credential.id) exchange.endsItself = true;
        const changed = await store.changeKey(scoped, key.id, {
          name: body.name,
          ratePerMinute: body.rate_per_minute,
          allowedAddresses: body.allowed_addresses,
        });
        if (!changed) throw hasEnded();
        return replyOf(changed);
      },
    }),
    route({
      ...ofKey,
      method: 'POST',
      path: '/v1/keys/:id/rotate',
      action: 'key:rotate',
      summary: 'Make a key that replaces another one, which ends after an overlap',
      seals: 'each',
      status: 201,
      body: keyRotation,
      reply: mintedKey,
      async handle({ caller, params, query: { tenant }, body, exchange }) {
        const scoped = scopeOf(caller, tenant);
        const key = await liveKey(scoped, params.id);
        const of = await directory.tenant(scoped);
        if (!of) throw new Fault('not-found');
        // Who gets the text gets what it opens.
        mustBeOwnToGive(exchange, rights, { scopes: key.scopes, tenant: of.id });
        if (key.service) await mustBeOwnService(exchange, scoped, key.service);
        const endsAt = new Date(clock.now() + body.overlap_hours * hourMs).toISOString();
        const text = mintKey(of.environment);
        const by = textOf(text);
        const change = {
          after: { id: by.id, rotated_from: key.id, scopes: [...key.scopes], tenant: of.id },
          before: { ends_at: endsAt, id: key.id },
          type: 'key.rotated',
        };
        await ledger.append(changeEntry(exchange, clock, change, key.name));
        if (key.id === caller.credential.id) exchange.endsItself = true;
        const rotated = await store.rotateKey(scoped, key.id, by, endsAt);
        if (!rotated) throw hasEnded();
        return { ...replyOf(rotated), key: text };
      },
    }),
    route({
      ...ofKey,
      method: 'DELETE',
      path: '/v1/keys/:id',
      action: 'key:revoke',
      summary: 'Revoke an API key',
      seals: 'each',
      reply: apiKey,
      async handle({ caller, params, query: { tenant }, exchange }) {
        const scoped = scopeOf(caller, tenant);
        const before = await store.key(scoped, params.id);
        if (!before) throw new Fault('not-found');
        if (before.revokedAt !== undefined) return replyOf(before);
        // What restricts is done at once: on record on this machine's disk first, in the ledger as soon as it answers.
        await ledger.journal(
          changeEntry(exchange, clock, {
            after: { revoked: true },
            before: { id: before.id, revoked: false },
            type: 'key.revoked',
          }),
        );
        if (before.id === caller.credential.id) exchange.endsItself = true;
        const revoked = await store.revokeKey(scoped, params.id);
        if (!revoked) throw new Fault('not-found');
        return replyOf(revoked);
      },
    }),
  ];
}

const hasEnded = (): Fault =>
  new Fault('conflict', { detail: 'This key is revoked or has expired: make a new one.' });
