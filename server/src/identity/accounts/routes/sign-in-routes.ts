import { newSession, openedSession } from '@vallum/contract';
import { type Exchange, openRoute, type Route } from '../../../kernel/index.ts';
import { sessionReply } from '../../sessions/routes.ts';
import type { SameOrigin } from '../../sessions/same-origin.ts';
import type { Coming, SignIn } from '../sign-in.ts';

/** What the request says of where it comes from. */
export const comingOf = (
  { arrival: { address, headers }, id }: Exchange,
  to: Pick<Coming, 'organization' | 'tenant'>,
): Coming => ({ ...to, address, client: String(headers['user-agent'] ?? ''), request: id });

/** Sign-in by password. */
export const signInRoutes = ({
  signIn,
  sameOrigin,
}: {
  readonly signIn: SignIn;
  readonly sameOrigin: Pick<SameOrigin, 'checkOpen'>;
}): Route[] => [
  openRoute({
    method: 'POST',
    path: '/v1/sessions',
    summary: 'Sign in with a password, and the code where one is asked for',
    status: 201,
    body: newSession,
    validated: () => ['/password', '/code'],
    reply: openedSession,
    async handle({ body: { email, password, code, organization, tenant }, exchange }) {
      // Else a page of another site could sign somebody in as somebody else, who then reads what they write.
      sameOrigin.checkOpen(exchange);
      const coming = comingOf(exchange, { organization, tenant });
      const { session, cookie, mustChangePassword } = await signIn.byPassword(
        email,
        { password, code },
        coming,
      );
      exchange.carry({ 'set-cookie': cookie });
      return { ...sessionReply(session, session.id), must_change_password: mustChangePassword };
    },
  }),
];
