import {
  id,
  newPasskey,
  passkeyCreationOptions,
  passkeyList,
  passkey as passkeySchema,
} from '@vallum/contract';
import { z } from 'zod';
import { authorOf, changeEntryBy, Fault, newId, type Route, route } from '../../../kernel/index.ts';
import { signedIn, signedInRecently } from '../../sessions/signed-in.ts';
import { verifyRegistration } from '../passkeys/ceremony.ts';
import { algorithms } from '../passkeys/cose-key.ts';
import type { Passkey } from '../ports.ts';
import {
  base64url,
  ceremonies,
  ceremony,
  ceremonyMs,
  credentialPointers,
  decoded,
  handleOf,
  type PasskeyRouteParts,
} from './passkey-ceremonies.ts';

const passkeysEach = 20;
const product = 'Vallum';

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

/** Passkeys of who is signed in. */
export function ownPasskeyRoutes(parts: PasskeyRouteParts): Route[] {
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
      validated: () => credentialPointers('clientDataJSON', 'attestationObject'),
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
