import { type Caller, Fault } from '../kernel/index.ts';

/** What somebody would get. */
export interface Given {
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
  /** In which tenant; the giver's own where it is absent. */
  readonly tenant?: Caller['tenant'];
}

/**
 * Whether somebody may hand on what they have: nobody gives more.
 * @returns the first action that this would allow and the giver may not do; undefined where it may be given.
 */
export type MayGrant = (giver: Caller, given: Given) => string | undefined;

/** @throws Fault `policy-denied`, for what the giver may not do themselves */
export function requireGrant(mayGrant: MayGrant, giver: Caller, given: Given): void {
  const excess = mayGrant(giver, given);
  if (excess === undefined) return;
  throw new Fault('policy-denied', {
    detail: `This would allow ${excess}, which you may not do yourself.`,
  });
}

/** Scopes that hold others. */
const includes: Readonly<Record<string, readonly string[]>> = { 'vallum:write': ['models:invoke'] };

/** By the names alone: whoever has a scope or role may give it. */
export const ownRights: MayGrant = ({ scopes: had, roles: been }, { scopes = [], roles = [] }) => {
  const all = new Set([...had, ...had.flatMap((scope) => includes[scope] ?? [])]);
  return scopes.find((scope) => !all.has(scope)) ?? roles.find((role) => !been.includes(role));
};
