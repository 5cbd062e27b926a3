import { id, sessionList, sessionMove, session as sessionSchema, sessionsEnded } from '@vallum/contract';
import { z } from 'zod';
import { authorOf, Fault, type Route, route } from '../../kernel/index.ts';
import type { Session } from './ports.ts';
import type { Sessions } from './sessions.ts';
import { signedIn } from './signed-in.ts';

/** A session as the API shows it. */
export const sessionReply = (
  { id: sessionId, user, tenant, method, client, createdAtMs, seenAtMs, expiresAtMs }: Session,
  current?: string,
): z.input<typeof sessionSchema> => ({
  id: sessionId,
  user,
  tenant,
  method,
  client,
  created_at: new Date(createdAtMs).toISOString(),
  seen_at: new Date(seenAtMs).toISOString(),
  expires_at: new Date(expiresAtMs).toISOString(),
  current: sessionId === current,
});

/** What people do with the sessions that are their own. */
export const sessionRoutes = ({ sessions }: { readonly sessions: Sessions }): Route[] => [
  route({
    method: 'GET',
    path: '/v1/sessions',
    action: 'account:sessions',
    summary: 'List your own sessions, newest first',
    seals: 'aggregate',
    reply: sessionList,
    async handle({ caller }) {
      const { organization, user, session } = signedIn(caller);
      const listed = await sessions.list({ organization, user });
      return { data: listed.map((each) => sessionReply(each, session)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/sessions/current',
    action: 'account:sessions',
    summary: 'Sign out',
    seals: 'each',
    reply: sessionsEnded,
    async handle({ caller, exchange }) {
      const { organization, user, session } = signedIn(caller);
      exchange.endsItself = true;
      const ended = await sessions.close({ organization, user, session }, authorOf(exchange));
      exchange.carry({ 'set-cookie': sessions.clearCookie });
      return { ended };
    },
  }),
  route({
    method: 'PATCH',
    path: '/v1/sessions/current',
    action: 'account:switch-tenant',
    summary: 'Go to another tenant in which you have a role',
    seals: 'each',
    body: sessionMove,
    // It is one's own session that goes; that one has a role there is looked up below.
    belongsTo: () => undefined,
    reply: sessionSchema,
    async handle({ caller, body: { tenant }, exchange }) {
      const own = signedIn(caller);
      const known = await sessions.tenantsOf(own, 1_000);
      if (!known.some((each) => each.id === tenant))
        throw new Fault('not-found', { detail: 'You have no role in such a tenant.', param: 'tenant' });
      // The text that came with it opens nothing any more.
      exchange.endsItself = true;
      const { session, cookie } = await sessions.renew({ ...own, tenant }, authorOf(exchange));
      exchange.carry({ 'set-cookie': cookie });
      return sessionReply(session, session.id);
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/sessions/:id',
    action: 'account:sessions',
    summary: 'End one of your own sessions',
    seals: 'each',
    params: z.strictObject({ id: id('session') }),
    reply: sessionsEnded,
    async handle({ caller, params, exchange }) {
      const { organization, user } = signedIn(caller);
      const one = { organization, user, session: params.id };
      if ((await sessions.list(one)).length === 0) throw new Fault('not-found');
      if (params.id === caller.credential.id) exchange.endsItself = true;
      return { ended: await sessions.close(one, authorOf(exchange)) };
    },
  }),
];
