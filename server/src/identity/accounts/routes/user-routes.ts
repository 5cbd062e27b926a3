import { randomBytes } from 'node:crypto';
import {
  id,
  invitedUser,
  newUser,
  oneTimePassword,
  page,
  pageQuery,
  passwordReset,
  type UserId,
  userChange,
  user as userSchema,
} from '@vallum/contract';
import { z } from 'zod';
import {
  authorOf,
  type Clock,
  changeEntryBy,
  type Exchange,
  Fault,
  type LedgerAppend,
  newId,
  type Rights,
  type Route,
  route,
} from '../../../kernel/index.ts';
import type { Passwords } from '../../password.ts';
import { mustBeOwnToTake } from '../../roles/no-more-than-own.ts';
import type { RoleStore } from '../../roles/ports.ts';
import type { Hashing } from '../hashing.ts';
import { networkOf } from '../lockout.ts';
import type { AccountStore, UserOf } from '../ports.ts';
import { userReply } from '../user-reply.ts';

export interface UserRouteParts {
  readonly store: AccountStore;
  readonly roles: Pick<RoleStore, 'held'>;
  readonly rights: Rights;
  readonly hashing: Hashing;
  readonly passwords: Passwords;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
  /** What this process believes of credentials is not true any more. */
  readonly forget: () => void;
  /** Told of an account whose password is another one now. */
  readonly onPassword: (email: string) => Promise<void>;
}

const oneTimeMs = 72 * 3_600_000;
const params = z.strictObject({ id: id('user') });
const ofOrganization = () => 'organization' as const;
const resource = (x: Exchange): string => `user/${(x.params as { id: string }).id}`;

/** Users of the organization, as administrators have to do with them. Nobody touches the account of somebody who may do more. */
export function userRoutes(parts: UserRouteParts): Route[] {
  const { store, roles, rights, hashing, passwords, ledger, clock, forget, onPassword } = parts;

  const ofCaller = (x: Exchange, user: UserId): UserOf => ({ organization: x.who.organization, user });

  async function existing(of: UserOf) {
    const found = await store.user(of);
    if (!found) throw new Fault('not-found');
    return found;
  }

  /** Whose account it is must not be able to do more than the caller, and must not be the caller. */
  async function mayTouch(x: Exchange, { organization, user }: UserOf): Promise<void> {
    if (x.who.principal.id === user)
      throw new Fault('policy-denied', {
        detail: 'This is your own account: see /v1/users/me, or ask somebody else.',
      });
    const holder = { type: 'user' as const, id: user };
    mustBeOwnToTake(x, rights, holder, await roles.held({ organization, tenant: x.who.tenant }, holder));
  }

  async function newPassword(x: Exchange) {
    const password = randomBytes(15).toString('base64url');
    const oneTimeUntilMs = clock.now() + oneTimeMs;
    const stored = await hashing.run(networkOf(x.arrival.address), () => passwords.hash(password));
    return { password, stored, oneTimeUntilMs, expires: new Date(oneTimeUntilMs).toISOString() };
  }

  return [
    route({
      method: 'GET',
      path: '/v1/users',
      action: 'user:list',
      summary: "List the organization's users, newest first",
      seals: 'aggregate',
      belongsTo: ofOrganization,
      query: pageQuery.extend({ cursor: id('user').optional() }),
      reply: page(userSchema),
      async handle({ caller, query: { limit, cursor } }) {
        const users = await store.page(caller.organization, limit, cursor);
        return {
          data: users.map((each) => userReply(each, clock.now())),
          next_cursor: users.length === limit ? (users.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/users',
      action: 'user:create',
      summary: 'Make a user; the password that opens once is shown this once',
      seals: 'each',
      status: 201,
      belongsTo: ofOrganization,
      body: newUser,
      reply: invitedUser,
      async handle({ caller, body: { email, name }, exchange }) {
        const of = { organization: caller.organization, user: newId('user', clock.now()) };
        // Asked before it is on record; of two at once the database refuses the second.
        if (await store.hasEmail(of.organization, email))
          throw new Fault('conflict', {
            detail: 'body.email: somebody has an account with this address.',
            param: 'email',
          });
        const { password, stored, oneTimeUntilMs, expires } = await newPassword(exchange);
        await ledger.append(
          changeEntryBy(
            authorOf(exchange),
            clock,
            { after: { id: of.user, one_time_until: expires }, type: 'user.created' },
            { email, name },
          ),
        );
        const made = await store.create(of, { email, name, password: stored, oneTimeUntilMs });
        return { ...userReply(made, clock.now()), one_time: { password, expires_at: expires } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/users/:id',
      action: 'user:read',
      summary: 'Read a user',
      seals: 'aggregate',
      belongsTo: ofOrganization,
      params,
      reply: userSchema,
      resource,
      async handle({ params: { id: user }, exchange }) {
        return userReply(await existing(ofCaller(exchange, user)), clock.now());
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/users/:id',
      action: 'user:update',
      summary: 'Rename, disable or enable a user; who is disabled is signed out everywhere',
      seals: 'each',
      belongsTo: ofOrganization,
      params,
      body: userChange,
      reply: userSchema,
      resource,
      async handle({ params: { id: user }, body: { name, disabled }, exchange }) {
        const of = ofCaller(exchange, user);
        const before = await existing(of);
        if (disabled !== undefined) await mayTouch(exchange, of);
        const was = before.disabledAt !== undefined;
        const entry = changeEntryBy(
          authorOf(exchange),
          clock,
          {
            before: { disabled: was, id: user },
            after: { disabled: disabled ?? was, id: user },
            type: 'user.changed',
          },
          name === undefined ? {} : { name },
        );
        await (disabled ? ledger.journal(entry) : ledger.append(entry));
        if (disabled !== undefined && user === exchange.who.principal.id) exchange.endsItself = true;
        const renamed = name === undefined ? before : await store.rename(of, name);
        const changed = disabled === undefined ? renamed : await store.setDisabled(of, disabled, clock.now());
        if (disabled !== undefined) forget();
        if (!changed) throw new Fault('not-found');
        return userReply(changed, clock.now());
      },
    }),
    route({
      method: 'POST',
      path: '/v1/users/:id/password',
      action: 'user:reset-password',
      summary: 'Give a user a password that opens once, to choose another; ends their sessions',
      seals: 'each',
      belongsTo: ofOrganization,
      params,
      body: passwordReset,
      reply: oneTimePassword,
      resource,
      async handle({ params: { id: user }, body, exchange }) {
        const of = ofCaller(exchange, user);
        const { email } = await existing(of);
        await mayTouch(exchange, of);
        const { password, stored, oneTimeUntilMs, expires } = await newPassword(exchange);
        const { forget_second_factors: forgetSecondFactors } = body;
        const after = { forget_second_factors: forgetSecondFactors, id: user, one_time_until: expires };
        // It opens the account for who is given it: on record before it does.
        await ledger.append(changeEntryBy(authorOf(exchange), clock, { after, type: 'user.password.reset' }));
        if (user === exchange.who.principal.id) exchange.endsItself = true;
        await store.setPassword(of, {
          password: stored,
          nowMs: clock.now(),
          oneTimeUntilMs,
          forgetSecondFactors,
        });
        forget();
        await onPassword(email);
        return { password, expires_at: expires };
      },
    }),
  ];
}
