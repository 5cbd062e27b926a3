import { type UserId, uuidOf } from '@vallum/contract';
import type { Clock, Exchange, Fault, LedgerAppend } from '../../../kernel/index.ts';
import type { SameOrigin } from '../../sessions/same-origin.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import { CeremonyRefused, type RelyingParty } from '../passkeys/ceremony.ts';
import { type Challenge, newChallenge, readChallenge } from '../passkeys/challenge.ts';
import type { AccountStore, PasskeyStore } from '../ports.ts';
import type { SignIn } from '../sign-in.ts';

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

/** How long one may take. */
export const ceremonyMs = 5 * 60_000;

export const base64url = (bytes: Buffer): string => bytes.toString('base64url');
export const decoded = (text: string): Buffer => Buffer.from(text, 'base64url');
/** The strings of a credential, which are bytes in base64url and verified as such. */
export const credentialPointers = (...members: readonly string[]): string[] => [
  '/credential/id',
  ...members.map((member) => `/credential/response/${member}`),
];
/** What authenticators keep of a user: random enough, and nothing personal. */
export const handleOf = (user: UserId): string =>
  base64url(Buffer.from(uuidOf(user).replaceAll('-', ''), 'hex'));

/** Makes challenges for a purpose, and takes each answer once. */
export function ceremonies({ challengeKey, clock }: Pick<PasskeyRouteParts, 'challengeKey' | 'clock'>) {
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

/** What a ceremony gives, or a fault in the place of what is wrong with it, which is for nobody to know. */
export function ceremony<T>(verify: () => T, fault: () => Fault): T {
  try {
    return verify();
  } catch (error) {
    if (error instanceof CeremonyRefused) throw fault();
    throw error;
  }
}
