import {
  type Exchange,
  Fault,
  type Given,
  type HeldRole,
  type Principal,
  type Rights,
} from '../../kernel/index.ts';

/*
 * Nobody raises their own rights, also not through somebody else: what a key, a token or a role would allow, and what somebody may do whose password or keys
 * one sets, must be something that one may do already.
 */

/** @throws Fault `policy-denied`, on record with its reason, where this would be more than the caller has */
export function mustBeOwnToGive(x: Exchange, rights: Rights, given: Given): void {
  const excess = rights.mayGrant(x.who, given);
  if (excess === undefined) return;
  refuse(
    x,
    'grant-exceeds-giver',
    `This would allow ${excess}, which you may not do there yourself: you can give no more than you have.`,
  );
}

/** @throws Fault `policy-denied`, on record with its reason, where the other may do more than the caller */
export function mustBeOwnToTake(
  x: Exchange,
  rights: Rights,
  other: Principal,
  held: readonly HeldRole[],
): void {
  const excess = rights.mayAdminister(x.who, other, held);
  if (excess === undefined) return;
  refuse(
    x,
    'other-exceeds-caller',
    `They may ${excess}, which you may not do there yourself: ask somebody who may.`,
  );
}

/** @throws Fault `policy-denied`, on record with its reason, where this is about the caller's own rights */
export function mustBeAnother(x: Exchange, id: string): void {
  if (x.who.principal.id === id)
    refuse(x, 'own-rights', 'Nobody changes their own roles: ask another owner.');
}

function refuse(x: Exchange, code: string, detail: string): never {
  x.judge('block', { by: 'policy', code });
  throw new Fault('policy-denied', { detail });
}
