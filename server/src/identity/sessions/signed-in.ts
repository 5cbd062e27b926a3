import { idOf, type OrganizationId, type SessionId, type UserId, uuidOf } from '@vallum/contract';
import { type Caller, Fault } from '../../kernel/index.ts';

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
