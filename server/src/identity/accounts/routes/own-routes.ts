import {
  me,
  passwordChange,
  recoveryCodes,
  totpConfirmation,
  totpRemoval,
  totpSecret,
  user as userSchema,
} from '@vallum/contract';
import {
  authorOf,
  type Caller,
  type Clock,
  changeEntryBy,
  type Exchange,
  Fault,
  type LedgerAppend,
  type Route,
  route,
} from '../../../kernel/index.ts';
import type { Passwords } from '../../password.ts';
import type { Peppers } from '../../ports.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import { signedIn, signedInRecently } from '../../sessions/signed-in.ts';
import type { Hashing } from '../hashing.ts';
import { networkOf } from '../lockout.ts';
import { acceptPassword, type BreachedPasswords } from '../passwords/password-policy.ts';
import type { AccountStore, User } from '../ports.ts';
import type { SignIn } from '../sign-in.ts';
import { hashRecoveryCode, newRecoveryCodes, readRecoveryCode } from '../totp/recovery-codes.ts';
import type { SecretBox } from '../totp/secret-box.ts';
import { base32, newTotpSecret, totpStep, totpUri } from '../totp/totp.ts';
import { userReply } from '../user-reply.ts';

export interface OwnRouteParts {
  readonly store: AccountStore;
  readonly sessions: Sessions;
  readonly signIn: Pick<SignIn, 'confirm'>;
  readonly hashing: Hashing;
  readonly passwords: Passwords;
  readonly breached: BreachedPasswords | undefined;
  readonly box: SecretBox;
  readonly peppers: Peppers;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
  /** What this process believes of credentials is not true any more. */
  readonly forget: () => void;
  /** Told of an account whose password is another one now. */
  readonly onPassword: (email: string) => Promise<void>;
}

const tenantsShown = 200;
/** What authenticator apps show above the code. */
const product = 'Vallum';

/** What people do with their own account: see it, choose a password, and set up codes. */
export const ownRoutes = (parts: OwnRouteParts): Route[] => [...accountRoutes(parts), ...totpRoutes(parts)];

async function self({ store }: Pick<OwnRouteParts, 'store'>, caller: Caller): Promise<User> {
  const found = await store.user(signedIn(caller));
  if (!found) throw new Fault('not-found');
  return found;
}

function accountRoutes(parts: OwnRouteParts): Route[] {
  const { store, sessions, signIn, hashing, passwords, breached, ledger, clock, forget, onPassword } = parts;
  return [
    route({
      method: 'GET',
      path: '/v1/users/me',
      action: 'account:read',
      summary: 'Who you are, and where you may go',
      seals: 'aggregate',
      reply: me,
      async handle({ caller }) {
        const user = await self(parts, caller);
        const tenants = await sessions.tenantsOf(signedIn(caller), tenantsShown);
        return {
          ...userReply(user, clock.now()),
          tenant: caller.tenant,
          roles: [...caller.roles],
          tenants: [...tenants],
        };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/users/me/password',
      action: 'account:password',
      summary: 'Choose another password; ends your other sessions',
      seals: 'each',
      body: passwordChange,
      validated: () => ['/old_password', '/new_password'],
      reply: userSchema,
      async handle({ caller, body: { old_password: old, new_password: chosen }, exchange }) {
        const own = signedIn(caller);
        const { email, name, totp } = await self(parts, caller);
        const organization = (await store.organizationName(own.organization)) ?? '';
        if (chosen.normalize('NFKC') === old.normalize('NFKC'))
          throw new Fault('input-invalid', {
            detail: 'body.new_password: is the one that you have.',
            param: 'new_password',
          });
        await acceptPassword(chosen, { email, name, organization }, breached, 'new_password');
        await confirmPassword(signIn, own, old, totp, exchange);
        const password = await hashing.run(networkOf(exchange.arrival.address), () => passwords.hash(chosen));
        const author = authorOf(exchange);
        // It ends sessions, and is what somebody does whose password is known to another: not held up by a ledger that does not answer.
        await ledger.journal(
          changeEntryBy(author, clock, { after: { id: own.user }, type: 'user.password.changed' }),
        );
        // The text that came with it opens nothing any more.
        exchange.endsItself = true;
        await store.setPassword(own, { password, nowMs: clock.now(), except: own.session });
        forget();
        const { cookie } = await sessions.renew(own, author);
        exchange.carry({ 'set-cookie': cookie });
        await onPassword(email);
        return userReply(await self(parts, caller), clock.now());
      },
    }),
  ];
}

/** The password alone: who is signed in has given a code already. */
async function confirmPassword(
  signIn: Pick<SignIn, 'confirm'>,
  own: ReturnType<typeof signedIn>,
  password: string,
  totp: boolean,
  { arrival: { address } }: Exchange,
): Promise<void> {
  try {
    await signIn.confirm(own, { password }, address);
  } catch (error) {
    // That a code is missing is said of a password that is right.
    if (totp && error instanceof Fault && error.code === 'code-required') return;
    throw error;
  }
}

function totpRoutes(parts: OwnRouteParts): Route[] {
  const { store, sessions, signIn, box, peppers, ledger, clock } = parts;
  const [pepper] = peppers;
  if (!pepper) throw new Error('identity: recovery codes need a pepper');
  const alreadyThere = (): Fault =>
    new Fault('conflict', { detail: 'A code is asked for already: remove that first.' });

  return [
    route({
      method: 'POST',
      path: '/v1/users/me/totp',
      action: 'account:totp',
      summary: 'Get a secret for an authenticator app; it is asked for once you have confirmed it',
      seals: 'each',
      status: 201,
      reply: totpSecret,
      async handle({ caller }) {
        const own = await signedInRecently(caller, sessions, clock);
        const { email } = await self(parts, caller);
        const secret = newTotpSecret();
        if (!(await store.proposeTotp(own, box.seal(own.user, secret)))) throw alreadyThere();
        return { secret: base32(secret), uri: totpUri(secret, email, product) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/users/me/totp/confirm',
      action: 'account:totp',
      summary: 'Confirm the authenticator app with a code of it; gives recovery codes, shown this once',
      seals: 'each',
      body: totpConfirmation,
      validated: () => ['/code'],
      reply: recoveryCodes,
      async handle({ caller, body: { code }, exchange }) {
        const own = await signedInRecently(caller, sessions, clock);
        const sealed = await store.proposedTotp(own);
        if (!sealed) throw new Fault('conflict', { detail: 'There is no secret to confirm: get one first.' });
        const step = totpStep(box.open(own.user, sealed), code.replaceAll(' ', ''), clock.now());
        if (step === undefined)
          throw new Fault('input-invalid', {
            detail:
              'body.code: is not the code of this secret at this time. Is the clock of the device right?',
            param: 'code',
          });
        const codes = newRecoveryCodes();
        const hashes = codes.map((each) => hashRecoveryCode(pepper.key, readRecoveryCode(each) ?? ''));
        await ledger.append(
          changeEntryBy(authorOf(exchange), clock, {
            after: { id: own.user, totp: true },
            type: 'user.totp.confirmed',
          }),
        );
        if (!(await store.confirmTotp(own, step, clock.now(), hashes))) throw alreadyThere();
        return { recovery_codes: codes };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/users/me/totp',
      action: 'account:totp',
      summary: 'Codes are not asked for any more; needs the password and a code',
      seals: 'each',
      body: totpRemoval,
      validated: () => ['/password', '/code'],
      reply: userSchema,
      async handle({ caller, body: { password, code }, exchange }) {
        const own = signedIn(caller);
        if (!(await self(parts, caller)).totp)
          throw new Fault('not-found', { detail: 'No code is asked for.' });
        await signIn.confirm(own, { password, code }, exchange.arrival.address);
        await ledger.append(
          changeEntryBy(authorOf(exchange), clock, {
            after: { id: own.user, totp: false },
            type: 'user.totp.removed',
          }),
        );
        await store.removeTotp(own);
        return userReply(await self(parts, caller), clock.now());
      },
    }),
  ];
}
