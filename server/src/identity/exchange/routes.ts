import {
  id,
  mintedToken,
  newToken,
  revokedToken,
  scope,
  type TenantId,
  type TokenId,
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
} from '../../kernel/index.ts';
import { hashKey } from '../api-key.ts';
import { changeEntry } from '../change.ts';
import type { Peppers, Scope } from '../ports.ts';
import { mustBeOwnToGive } from '../roles/no-more-than-own.ts';
import type { ShortLived, ShortLivedStore } from './ports.ts';
import { mintShortLived } from './verifier.ts';

interface ExchangeRouteParts {
  readonly store: ShortLivedStore;
  readonly ledger: LedgerAppend;
  readonly peppers: Peppers;
  readonly rights: Rights;
  /** Whether a caller may revoke what is not theirs, by policy. */
  readonly mayRevoke: (caller: Caller, resource: string, tenant: TenantId) => boolean;
  readonly clock: Clock;
}

/** How often one may be made from another; the table says so too. */
const longestChain = 8;

const scopeOf = ({ organization, tenant: own }: Caller, tenant = own): Scope => ({ organization, tenant });

/**
 * Short-lived credentials: whoever has a credential makes one with fewer rights and a shorter life, and gives that to what works for them. After the token exchange of RFC 8693,
 * whose subject token is the credential that the request shows.
 */
export function exchangeRoutes(parts: ExchangeRouteParts): Route[] {
  const { store, ledger, peppers, rights, mayRevoke, clock } = parts;
  const [pepper] = peppers;
  if (!pepper) throw new Error('identity: short-lived credentials need a pepper');

  /** What a new one goes back to. */
  async function originOf(caller: Caller): Promise<Pick<ShortLived, 'root' | 'madeFrom'>> {
    const { kind, id: credential } = caller.credential;
    if (kind !== 'short-lived') return { root: { kind, id: credential }, madeFrom: [] };
    const parent = await store.find(scopeOf(caller), credential as TokenId);
    if (!parent) throw new Fault('not-authenticated', { because: 'a short-lived credential without a row' });
    if (parent.madeFrom.length >= longestChain)
      throw new Fault('conflict', {
        detail: `A token is made from another one ${longestChain} times at most.`,
      });
    return { root: parent.root, madeFrom: [...parent.madeFrom, parent.id] };
  }

  /** Whether it is the caller's own; one that was given a short-lived one ends that, and what it has made from it. */
  const holds = ({ principal, credential }: Caller, found: ShortLived): boolean =>
    found.principal.id === principal.id &&
    (credential.kind !== 'short-lived' || [found.id, ...found.madeFrom].some((one) => one === credential.id));

  return [
    route({
      method: 'POST',
      path: '/v1/tokens',
      action: 'token:exchange',
      summary: 'Make a credential for some minutes, with fewer rights; its text is shown this once',
      seals: 'each',
      status: 201,
      body: newToken,
      reply: mintedToken,
      async handle({ caller, body, exchange }) {
        if (caller.run !== undefined && body.run !== undefined && body.run !== caller.run)
          throw new Fault('policy-denied', { detail: 'This credential is for another run.' });
        const scopes = z.array(scope).parse(body.scopes);
        mustBeOwnToGive(exchange, rights, { scopes, type: caller.principal.type });
        const { root, madeFrom } = await originOf(caller);
        if (body.session && root.kind !== 'session')
          throw new Fault('input-invalid', {
            detail: 'body.session: this credential does not go back to a session.',
            param: 'session',
          });
        const now = clock.now();
        const longest = exchange.credentialEndsMs ?? Number.POSITIVE_INFINITY;
        if (longest <= now)
          throw new Fault('not-authenticated', {
            detail: 'This credential has ended.',
            challenge: 'invalid_token',
          });
        const text = mintShortLived();
        const made = {
          id: newId('token', now),
          principal: caller.principal,
          scopes,
          root,
          madeFrom,
          run: body.run ?? caller.run,
          createdAtMs: now,
          expiresAtMs: Math.min(now + body.ttl_seconds * 1000, longest),
          hash: hashKey(pepper.key, text),
          pepperVersion: pepper.version,
          ratePerMinute: caller.ratePerMinute,
        };
        const expiresAt = new Date(made.expiresAtMs).toISOString();
        const change = {
          after: { expires_at: expiresAt, from: caller.credential.id, id: made.id, scopes },
          type: 'token.made',
        };
        // What loosens is on record before it is done. What callers name their runs is theirs.
        await ledger.append({
          ...changeEntry(exchange, clock, change),
          ...(made.run !== undefined && { fields: [{ name: 'run', value: made.run }] }),
        });
        await store.insert(scopeOf(caller), made);
        return { id: made.id, scopes, run: made.run ?? null, expires_at: expiresAt, token: text };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/tokens/:id',
      action: 'token:revoke',
      summary: 'End a short-lived credential, and what was made from it',
      seals: 'each',
      params: z.strictObject({ id: id('token') }),
      query: z.strictObject({ tenant: id('tenant').optional() }),
      reply: revokedToken,
      // Everybody ends what is their own; who may end what is not, wherever it is, is asked below.
      belongsTo: () => undefined,
      resource: ({ params }) => `token/${(params as { id: string }).id}`,
      async handle({ caller, params, query: { tenant }, exchange }) {
        const scoped = scopeOf(caller, tenant);
        const found = await store.find(scoped, params.id);
        if (!found) throw new Fault('not-found');
        const isOwn = scoped.tenant === caller.tenant && holds(caller, found);
        if (!isOwn && !mayRevoke(caller, `token/${found.id}`, found.tenant)) throw new Fault('not-found');
        if (found.revokedAt !== undefined) return replyOf(found, found.revokedAt);
        await ledger.journal(
          changeEntry(exchange, clock, {
            after: { revoked: true },
            before: { id: found.id, revoked: false },
            type: 'token.revoked',
          }),
        );
        const { credential } = caller;
        if (found.id === credential.id) exchange.endsItself = true;
        const revoked = await store.revoke(scoped, found.id);
        if (!revoked?.revokedAt) throw new Fault('not-found');
        return replyOf(revoked, revoked.revokedAt);
      },
    }),
  ];
}

const replyOf = (
  { id: tokenId, scopes, run, expiresAtMs }: ShortLived,
  revokedAt: string,
): z.input<typeof revokedToken> => ({
  id: tokenId,
  scopes: [...scopes],
  run: run ?? null,
  expires_at: new Date(expiresAtMs).toISOString(),
  revoked_at: revokedAt,
});
