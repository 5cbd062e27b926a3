import {
  id,
  newPasskey,
  openedSession,
  passkeyCreationOptions,
  passkeyList,
  passkeyQuestion,
  passkeyRequestOptions,
  passkey as passkeySchema,
  passkeySignIn,
  type UserId,
  uuidOf,
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
  openRoute,
  type Route,
  route,
} from '../../../kernel/index.ts';
import { sessionReply } from '../../sessions/routes.ts';
import type { SameOrigin } from '../../sessions/same-origin.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import { signedIn, signedInRecently } from '../../sessions/signed-in.ts';
import {
  CeremonyRefused,
  type RelyingParty,
  verifyAssertion,
  verifyRegistration,
} from '../passkeys/ceremony.ts';
import { type Challenge, newChallenge, readChallenge } from '../passkeys/challenge.ts';
import { algorithms } from '../passkeys/cose-key.ts';
import type { AccountStore, Passkey, PasskeyStore } from '../ports.ts';
import { refused, type SignIn } from '../sign-in.ts';
import { comingOf } from './sign-in-routes.ts';

export interface PasskeyRouteParts {
  readonly passkeys: PasskeyStore;
  readonly store: Pick<AccountStore, 'user'>;
  readonly sessions: Sessions;
  readonly signIn: Pick<SignIn, 'admit' | 'organizationOf'>;
  readonly sameOrigin: Pick<SameOrigin, 'checkOpen'>;
  readonly partyOf: (x: Exchange) => RelyingParty;
  /** Under which challenges are signed; the same in every process. */
  readonly challengeKey: Buffer;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
}

const ceremonyMs = 5 * 60_000;
const passkeysEach = 20;
const product = 'Vallum';

const base64url = (bytes: Buffer): string => bytes.toString('base64url');
const decoded = (text: string): Buffer => Buffer.from(text, 'base64url');
/** What authenticators keep of a user: random enough, and nothing personal. */
const handleOf = (user: UserId): string => base64url(Buffer.from(uuidOf(user).replaceAll('-', ''), 'hex'));

const passkeyReply = ({
  id: passkeyId,
  name,
  createdAt,
  lastUsedAt,
}: Passkey): z.input<typeof passkeySchema> => ({
  id: passkeyId,
  name,
  created_at: createdAt,
  last_used_at: lastUsedAt ?? null,
});

/** Passkeys: registered by who is signed in, and what signs in. */
export const passkeyRoutes = (parts: PasskeyRouteParts): Route[] => [
  ...ownPasskeys(parts),
  ...passkeySignIns(parts),
];

/** Makes challenges for a purpose, and takes each answer once. */
function ceremonies({ challengeKey, clock }: PasskeyRouteParts) {
  return {
    ask: (purpose: string): string =>
      base64url(newChallenge(challengeKey, purpose, clock.now() + ceremonyMs)),
    /** Remembers which challenge was answered; of those that are not ours there is none. */
    hear(purpose: string) {
      let heard: Challenge | undefined;
      return {
        isChallenge(given: Buffer): boolean {
          heard = readChallenge(challengeKey, purpose, given, clock.now());
          return heard !== undefined;
        },
        answered: (): Challenge | undefined => heard,
      };
    },
  };
}

function ownPasskeys(parts: PasskeyRouteParts): Route[] {
  const { passkeys, store, sessions, partyOf, ledger, clock } = parts;
  const { ask, hear } = ceremonies(parts);
  const purposeOf = ({ organization, user }: { organization: string; user: string }): string =>
    `register ${organization} ${user}`;

  return [
    route({
      method: 'GET',
      path: '/v1/users/me/passkeys',
      action: 'account:passkeys',
      summary: 'List your passkeys',
      seals: 'aggregate',
      reply: passkeyList,
      async handle({ caller }) {
        return { data: (await passkeys.list(signedIn(caller))).map(passkeyReply) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/users/me/passkeys/options',
      action: 'account:passkeys',
      summary: 'What a browser needs to make a passkey',
      seals: 'each',
      reply: passkeyCreationOptions,
      async handle({ caller, exchange }) {
        const party = partyOf(exchange);
        const own = await signedInRecently(caller, sessions, clock);
        const user = await store.user(own);
        if (!user) throw new Fault('not-found');
        const known = await passkeys.list(own);
        return {
          rp: { id: party.id, name: product },
          user: { id: handleOf(own.user), name: user.email, displayName: user.name || user.email },
          challenge: ask(purposeOf(own)),
          pubKeyCredParams: Object.values(algorithms).map((alg) => ({ type: 'public-key' as const, alg })),
          timeout: ceremonyMs,
          attestation: 'none' as const,
          authenticatorSelection: {
            residentKey: 'required' as const,
            requireResidentKey: true as const,
            userVerification: 'required' as const,
          },
          excludeCredentials: known.map(({ credentialId }) => ({
            type: 'public-key' as const,
            id: base64url(credentialId),
          })),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/users/me/passkeys',
      action: 'account:passkeys',
      summary: 'Register a passkey that your browser has made',
      seals: 'each',
      status: 201,
      body: newPasskey,
      reply: passkeySchema,
      async handle({ caller, body: { name, credential }, exchange }) {
        const party = partyOf(exchange);
        const own = await signedInRecently(caller, sessions, clock);
        const { isChallenge, answered } = hear(purposeOf(own));
        const { clientDataJSON, attestationObject } = credential.response;
        const registered = ceremony(
          () =>
            verifyRegistration(
              { clientDataJSON: decoded(clientDataJSON), attestationObject: decoded(attestationObject) },
              { party, isChallenge },
            ),
          () =>
            new Fault('input-invalid', {
              detail: 'body.credential: is no passkey for this challenge and host.',
            }),
        );
        if ((await passkeys.list(own)).length >= passkeysEach)
          throw new Fault('conflict', {
            detail: `Nobody has more than ${passkeysEach} passkeys: remove one first.`,
          });
        const challenge = answered();
        if (!challenge || !(await passkeys.spend(own.organization, challenge, clock.now())))
          throw new Fault('conflict', { detail: 'This challenge was answered before: begin again.' });
        const made = { ...registered, id: newId('passkey', clock.now()), name };
        await ledger.append(
          changeEntryBy(
            authorOf(exchange),
            clock,
            { after: { id: made.id, user: own.user }, type: 'user.passkey.added' },
            { name },
          ),
        );
        return passkeyReply(await passkeys.add(own, made));
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/users/me/passkeys/:id',
      action: 'account:passkeys',
      summary: 'Remove one of your passkeys',
      seals: 'each',
      params: z.strictObject({ id: id('passkey') }),
      reply: passkeySchema,
      async handle({ caller, params, exchange }) {
        const own = signedIn(caller);
        const removed = (await passkeys.list(own)).find((each) => each.id === params.id);
        if (!removed) throw new Fault('not-found');
        await ledger.journal(
          changeEntryBy(authorOf(exchange), clock, {
            before: { id: removed.id, user: own.user },
            type: 'user.passkey.removed',
          }),
        );
        await passkeys.remove(own, removed.id);
        return passkeyReply(removed);
      },
    }),
  ];
}

function passkeySignIns(parts: PasskeyRouteParts): Route[] {
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

/** What a ceremony gives, or a fault in the place of what is wrong with it, which is for nobody to know. */
function ceremony<T>(verify: () => T, fault: () => Fault): T {
  try {
    return verify();
  } catch (error) {
    if (error instanceof CeremonyRefused) throw fault();
    throw error;
  }
}
