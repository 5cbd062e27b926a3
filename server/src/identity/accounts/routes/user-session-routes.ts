import { id, sessionList, sessionsEnded, type UserId } from '@vallum/contract';
import { z } from 'zod';
import { authorOf, type Exchange, Fault, type Route, route } from '../../../kernel/index.ts';
import { sessionReply } from '../../sessions/routes.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { AccountStore, UserOf } from '../ports.ts';

export interface UserSessionRouteParts {
  readonly store: Pick<AccountStore, 'user'>;
  readonly sessions: Sessions;
}

const params = z.strictObject({ id: id('user') });
const ofOrganization = () => 'organization' as const;
const resource = (x: Exchange): string => `user/${(x.params as { id: string }).id}`;
const ofCaller = (x: Exchange, user: UserId): UserOf => ({ organization: x.who.organization, user });

/** Sessions of others, as administrators see and end them. */
export function userSessionRoutes({ store, sessions }: UserSessionRouteParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/users/:id/sessions',
      action: 'session:list',
      summary: 'List the sessions of a user, newest first',
      seals: 'aggregate',
      belongsTo: ofOrganization,
      params,
      reply: sessionList,
      resource,
      async handle({ caller, params: { id: user }, exchange }) {
        const of = ofCaller(exchange, user);
        if (!(await store.user(of))) throw new Fault('not-found');
        const current = caller.credential.kind === 'session' ? caller.credential.id : undefined;
        return { data: (await sessions.list(of)).map((each) => sessionReply(each, current)) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/users/:id/sessions',
      action: 'session:revoke',
      summary: 'Sign a user out everywhere',
      seals: 'each',
      belongsTo: ofOrganization,
      params,
      reply: sessionsEnded,
      resource,
      async handle({ params: { id: user }, exchange }) {
        const of = ofCaller(exchange, user);
        if (!(await store.user(of))) throw new Fault('not-found');
        if (user === exchange.who.principal.id) exchange.endsItself = true;
        return { ended: await sessions.close(of, authorOf(exchange)) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/users/:id/sessions/:session',
      action: 'session:revoke',
      summary: 'End one session of a user',
      seals: 'each',
      belongsTo: ofOrganization,
      params: z.strictObject({ id: id('user'), session: id('session') }),
      reply: sessionsEnded,
      resource,
      async handle({ params: { id: user, session }, exchange }) {
        const one = { ...ofCaller(exchange, user), session };
        if ((await sessions.list(one)).length === 0) throw new Fault('not-found');
        if (user === exchange.who.principal.id) exchange.endsItself = true;
        return { ended: await sessions.close(one, authorOf(exchange)) };
      },
    }),
  ];
}
