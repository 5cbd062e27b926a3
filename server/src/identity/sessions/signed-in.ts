import { idOf, type OrganizationId, type SessionId, type UserId, uuidOf } from '@vallum/contract';
import { type Caller, type Clock, Fault } from '../../kernel/index.ts';
import type { Sessions } from './sessions.ts';

/** A user of ours who signed in. */
export interface SignedIn {
  readonly organization: OrganizationId;
  readonly user: UserId;
  readonly session: SessionId;
}

/**
 * Who calls, where that is somebody with a session: what is one's own is not for credentials that others vouch for, or that were handed on.
 * @throws Fault `policy-denied`
 */
export function signedIn({ credential, organization, principal }: Caller): SignedIn {
  if (credential.kind !== 'session' || principal.type !== 'user')
    throw new Fault('policy-denied', {
      detail: 'This is for people who signed in here; this credential is not a session.',
    });
  return {
    organization,
    user: idOf('user', uuidOf(principal.id)),
    session: idOf('session', credential.id.slice(credential.id.indexOf('_') + 1)),
  };
}

/** What takes over an account for good needs a sign-in that is at most so long ago: who finds a browser open must not be able to. */
const recentMs = 15 * 60_000;

/** @throws Fault `sign-in-again` where the session is older than a quarter of an hour */
export async function signedInRecently(
  caller: Caller,
  sessions: Pick<Sessions, 'list'>,
  clock: Clock,
): Promise<SignedIn> {
  const own = signedIn(caller);
  const [session] = await sessions.list(own);
  if (!session || session.createdAtMs + recentMs <= clock.now())
    throw new Fault('sign-in-again', {
      detail: 'You signed in more than a quarter of an hour ago: sign in again, and then do this.',
    });
  return own;
}
