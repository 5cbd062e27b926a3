import type { OrganizationId, RequestId, TenantId } from '@vallum/contract';
import { type Clock, changeEntryBy, Fault, type LedgerAppend } from '../../kernel/index.ts';
import type { Passwords } from '../password.ts';
import type { Directory, Peppers } from '../ports.ts';
import type { Session, SignInMethod } from '../sessions/ports.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Hashing } from './hashing.ts';
import { attemptLimits, hashNetwork, networkOf, windowOf } from './lockout.ts';
import type { AccountStore, Attempt, Secrets, UserOf } from './ports.ts';
import { hashRecoveryCode, readRecoveryCode } from './totp/recovery-codes.ts';
import type { SecretBox } from './totp/secret-box.ts';
import { totpStep } from './totp/totp.ts';

export interface SignInParts {
  readonly store: AccountStore;
  readonly sessions: Sessions;
  readonly directory: Pick<Directory, 'firstOrganization'>;
  readonly ledger: LedgerAppend;
  readonly hashing: Hashing;
  readonly passwords: Passwords;
  readonly box: SecretBox;
  readonly peppers: Peppers;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

/** What somebody types. */
interface Typed {
  readonly password: string;
  readonly code?: string | undefined;
}

/** Where a sign-in comes from, and where it is to go. */
export interface Coming {
  readonly organization?: OrganizationId | undefined;
  readonly tenant?: TenantId | undefined;
  readonly address: string;
  /** What the user agent says it is. */
  readonly client: string;
  readonly request: RequestId;
}

interface Opened {
  readonly session: Session;
  readonly cookie: string;
  readonly mustChangePassword: boolean;
}

export interface SignIn {
  /**
   * A session for an address and a password, and the code where one is asked for.
   * @throws Fault `sign-in-refused`, the same after the same work for whatever is wrong; `code-required` once the password is right; `rate-limited`; `policy-denied` for who has no role
   */
  byPassword(email: string, typed: Typed, coming: Coming): Promise<Opened>;
  /** The same question to who is signed in, before something that takes over the account. @throws Fault `sign-in-refused`, `code-required`, `rate-limited` */
  confirm(of: UserOf, typed: Typed, address: string): Promise<void>;
  /** A session for who has been authenticated, in the tenant that is wanted or the first where they have a role. @throws Fault `policy-denied`, `not-found` */
  admit(of: UserOf, method: SignInMethod, coming: Coming): Promise<Omit<Opened, 'mustChangePassword'>>;
  organizationOf(coming: Pick<Coming, 'organization'>): Promise<OrganizationId | undefined>;
}

/** Sign-in by password: the one place where passwords and codes are compared, and counted. */
export function createSignIn(parts: SignInParts): SignIn {
  const { store, sessions, directory, ledger, hashing, passwords, box, peppers, clock, onTrouble } = parts;
  const [pepper] = peppers;
  if (!pepper) throw new Error('identity: accounts need a pepper');
  let first: OrganizationId | undefined;

  const attemptOf = (organization: OrganizationId, who: Attempt['who'], network: string): Attempt => ({
    organization,
    who,
    network: hashNetwork(pepper.key, network),
    nowMs: clock.now(),
  });

  /** Counts the try, and does the work of comparing whoever is meant, and if nobody is. */
  async function compare(attempt: Attempt, password: string): Promise<Secrets | undefined> {
    const found = await store.attempt(attempt, attemptLimits);
    if (found === 'too-many') {
      throw new Fault('rate-limited', {
        detail: 'Too many sign-ins from your network have failed.',
        retryAfterSeconds: Math.ceil(
          (windowOf(attempt.nowMs, attemptLimits) + attemptLimits.windowMs - attempt.nowMs) / 1_000,
        ),
      });
    }
    const secrets = found === 'nobody' ? undefined : found;
    const isRight = await passwords.verify(password, secrets?.password);
    if (!secrets) return undefined;
    const { oneTimeUntilMs } = secrets;
    if (isRight && (oneTimeUntilMs === undefined || oneTimeUntilMs > attempt.nowMs)) return secrets;
    noteLock(attempt.organization, secrets);
    return undefined;
  }

  /** A lock restricts and is there already. Nobody waits for its entry: that would tell who has an account. */
  function noteLock(organization: OrganizationId, { user, failures, lockedUntilMs }: Secrets): void {
    if (lockedUntilMs === undefined) return;
    const until = new Date(lockedUntilMs).toISOString();
    const note = async (): Promise<void> => {
      const home = await store.home({ organization, user });
      if (!home) return;
      const author = { principal: { type: 'system', id: 'sign-in' } as const, tenant: home.tenant };
      const after = { failures, until, user };
      await ledger.journal(changeEntryBy(author, clock, { after, type: 'user.locked' }));
    };
    note().catch(onTrouble);
  }

  /** How they proved who they are; undefined for a code that is wrong or was used. */
  async function secondFactor(
    of: UserOf,
    sealed: Buffer,
    code: string,
  ): Promise<'password+totp' | 'password+recovery' | undefined> {
    const recovery = readRecoveryCode(code);
    if (recovery !== undefined) {
      for (const { key } of peppers)
        if (await store.useRecoveryCode(of, hashRecoveryCode(key, recovery))) return 'password+recovery';
      return undefined;
    }
    const step = totpStep(box.open(of.user, sealed), code.replaceAll(' ', ''), clock.now());
    return step !== undefined && (await store.useTotpStep(of, step)) ? 'password+totp' : undefined;
  }

  /** Password and code of somebody; counted as one try, and taken back when it succeeds or only the code is missing. */
  async function prove(
    organization: OrganizationId,
    who: Attempt['who'],
    { password, code }: Typed,
    address: string,
  ): Promise<{ readonly secrets: Secrets; readonly method: SignInMethod }> {
    const network = networkOf(address);
    // Made when its turn comes: a lock that began while it waited holds for it too.
    const { attempt, secrets } = await hashing.run(network, async () => {
      const made = attemptOf(organization, who, network);
      return { attempt: made, secrets: await compare(made, password) };
    });
    if (!secrets) throw refused();
    const { user, totp } = secrets;
    if (totp && code === undefined) {
      await store.takeBack(attempt, attemptLimits, user, false);
      throw new Fault('code-required', {
        detail: 'Send the code of your authenticator app, or a recovery code, as `code`.',
      });
    }
    const method = totp ? await secondFactor({ organization, user }, totp, code ?? '') : 'password';
    if (!method) {
      noteLock(organization, secrets);
      throw refused();
    }
    await store.takeBack(attempt, attemptLimits, user, true);
    return { secrets, method };
  }

  async function admit(of: UserOf, method: SignInMethod, { tenant: wanted, client, request }: Coming) {
    const tenant = await placeOf(of, wanted);
    return sessions.open({ ...of, tenant, method, client, request });
  }

  async function placeOf(of: UserOf, wanted: TenantId | undefined): Promise<TenantId> {
    if (wanted === undefined) {
      const home = await store.home(of);
      if (home?.hasRole) return home.tenant;
      throw new Fault('policy-denied', { detail: 'You have no role yet: ask an administrator for one.' });
    }
    const own = await sessions.tenantsOf(of, tenantsLookedAt);
    if (own.some(({ id }) => id === wanted)) return wanted;
    throw new Fault('not-found', { detail: 'You have no role in such a tenant.', param: 'tenant' });
  }

  const organizationOf: SignIn['organizationOf'] = async ({ organization }) => {
    if (organization !== undefined) return organization;
    first ??= await directory.firstOrganization();
    return first;
  };

  return {
    organizationOf,
    admit,
    async byPassword(email, typed, coming) {
      const organization = await organizationOf(coming);
      if (!organization) throw refused();
      const { secrets, method } = await prove(
        organization,
        { email: canonicalEmail(email) },
        typed,
        coming.address,
      );
      const opened = await admit({ organization, user: secrets.user }, method, coming);
      return { ...opened, mustChangePassword: secrets.oneTimeUntilMs !== undefined };
    },
    async confirm({ organization, user }, typed, address) {
      await prove(organization, { user }, typed, address);
    },
  };
}

const tenantsLookedAt = 1_000;

/** As addresses are kept. */
const canonicalEmail = (email: string): string => email.trim().toLowerCase();

/** One answer for an unknown address, a wrong password or code, and an account that is locked or disabled. */
export const refused = (): Fault =>
  new Fault('sign-in-refused', {
    detail:
      'The address, the password or the code is not right, or the account cannot be used at this moment.',
  });
