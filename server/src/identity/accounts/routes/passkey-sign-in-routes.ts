import { openedSession, passkeyQuestion, passkeyRequestOptions, passkeySignIn } from '@vallum/contract';
import { openRoute, type Route } from '../../../kernel/index.ts';
import { sessionReply } from '../../sessions/routes.ts';
import { verifyAssertion } from '../passkeys/ceremony.ts';
import { refused } from '../sign-in.ts';
import {
  ceremonies,
  ceremony,
  ceremonyMs,
  credentialPointers,
  decoded,
  handleOf,
  type PasskeyRouteParts,
} from './passkey-ceremonies.ts';
import { comingOf } from './sign-in-routes.ts';

/** Sign-in by passkey. */
export function passkeySignInRoutes(parts: PasskeyRouteParts): Route[] {
  const { passkeys, signIn, sameOrigin, partyOf, clock } = parts;
  const { ask, hear } = ceremonies(parts);
  const purposeOf = (organization: string | undefined): string => `sign in ${organization ?? ''}`;

  return [
    openRoute({
      method: 'POST',
      path: '/v1/sessions/passkey/options',
      summary: 'What a browser needs to sign in with a passkey',
      body: passkeyQuestion,
      reply: passkeyRequestOptions,
      async handle({ body: { organization }, exchange }) {
        sameOrigin.checkOpen(exchange);
        const { id: rpId } = partyOf(exchange);
        return {
          challenge: ask(purposeOf(organization)),
          rpId,
          timeout: ceremonyMs,
          userVerification: 'required' as const,
        };
      },
    }),
    openRoute({
      method: 'POST',
      path: '/v1/sessions/passkey',
      summary: 'Sign in with a passkey',
      status: 201,
      body: passkeySignIn,
      validated: () => credentialPointers('clientDataJSON', 'authenticatorData', 'signature', 'userHandle'),
      reply: openedSession,
      async handle({ body: { credential, organization: given, tenant }, exchange }) {
        sameOrigin.checkOpen(exchange);
        const party = partyOf(exchange);
        const organization = await signIn.organizationOf({ organization: given });
        const known = organization && (await passkeys.byCredential(organization, decoded(credential.id)));
        if (!known) throw refused();
        const { isChallenge, answered } = hear(purposeOf(given));
        const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
        const { signCount } = ceremony(
          () =>
            verifyAssertion(
              {
                clientDataJSON: decoded(clientDataJSON),
                authenticatorData: decoded(authenticatorData),
                signature: decoded(signature),
              },
              known.publicKey,
              { party, isChallenge },
            ),
          refused,
        );
        const of = { organization, user: known.user };
        const challenge = answered();
        if (userHandle !== handleOf(known.user) || !challenge) throw refused();
        if (!(await passkeys.spend(organization, challenge, clock.now()))) throw refused();
        if (!(await passkeys.used(of, known.id, signCount, clock.now()))) throw refused();
        const { session, cookie } = await signIn.admit(
          of,
          'passkey',
          comingOf(exchange, { organization: given, tenant }),
        );
        exchange.carry({ 'set-cookie': cookie });
        const user = await parts.store.user(of);
        return {
          ...sessionReply(session, session.id),
          must_change_password: user?.mustChangePassword ?? false,
        };
      },
    }),
  ];
}
