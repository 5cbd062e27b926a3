import type { LedgerEntry, OrganizationId, RequestId, TenantId, UserId } from '@vallum/contract';
import {
  type Clock,
  changeEntryBy,
  Fault,
  type LedgerAppend,
  type NewEntry,
  newId,
} from '../../kernel/index.ts';
import type { ClaimedRole, OutsideUser, OutsideUsers } from './ports.ts';
import type { Provider } from './provider.ts';
import { SignInRefused } from './sign-in-refused.ts';
import type { Vouched } from './vouched.ts';

interface AdmissionParts {
  readonly users: OutsideUsers;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
  /** What this process believes of credentials is not true any more. */
  readonly forget: () => void;
}

/**
 * Whom a provider vouches for, as a user here with the roles that the claims give now. A user is found by issuer and subject alone: who can set an e-mail at a provider must not get
 * somebody's account by it.
 */
export function createAdmission({ users, ledger, clock, forget }: AdmissionParts) {
  const entry = (
    { name }: Provider,
    tenant: TenantId,
    request: RequestId,
    change: NonNullable<LedgerEntry['change']>,
    personal: Readonly<Record<string, string>> = {},
  ): NewEntry => {
    const principal = { type: 'system', id: `provider/${name}` } as const;
    return changeEntryBy({ principal, tenant, request, action: 'session:open' }, clock, change, personal);
  };

  async function tenantOf({ tenants }: Provider, organization: OrganizationId): Promise<TenantId> {
    const tenant = tenants?.[0] ?? (await users.firstTenant(organization));
    if (!tenant) throw new Fault('unavailable', { because: 'the organization has no tenant' });
    return tenant;
  }

  async function create(
    provider: Provider,
    organization: OrganizationId,
    { subject, email, emailVerified, name, roles }: Vouched,
    request: RequestId,
  ): Promise<OutsideUser> {
    const { issuer, allowUnverifiedEmail, jit } = provider;
    if (!jit) throw new SignInRefused('user-unknown');
    if (email === undefined) throw new SignInRefused('email-missing');
    if (!emailVerified && !allowUnverifiedEmail) throw new SignInRefused('email-unverified');
    // Who may do nothing here need not be known here.
    if (roles.size === 0) throw new SignInRefused('no-role');
    if (await users.hasEmail(organization, email)) throw new SignInRefused('email-taken');
    const id = newId('user', clock.now());
    const after = { id, provider: provider.name };
    const change = { after, type: 'user.created' };
    const personal = { email, subject: JSON.stringify({ issuer, name: subject }) };
    await ledger.append(entry(provider, await tenantOf(provider, organization), request, change, personal));
    if (await users.create(organization, { id, email, name, issuer, subject }))
      return { id, disabled: false, claimed: [] };
    // Another sign-in of theirs was faster, or somebody else has the e-mail since.
    const found = await users.find(organization, issuer, subject);
    if (!found) throw new SignInRefused('email-taken');
    return found;
  }

  /** What claims gave before and do not give now is taken first, so that nothing that fails later leaves it. */
  async function setRoles(
    provider: Provider,
    organization: OrganizationId,
    { id: user, claimed }: OutsideUser,
    wanted: readonly ClaimedRole[],
    request: RequestId,
  ): Promise<void> {
    const gone = claimed.filter((had) => !wanted.some((role) => same(role, had)));
    const added = wanted.filter((role) => !claimed.some((had) => same(role, had)));
    if (gone.length + added.length === 0) return;
    const tenant = await tenantOf(provider, organization);
    if (gone.length > 0) {
      const change = { before: { roles: gone.map(shown), user }, after: { roles: [] } };
      await ledger.journal(entry(provider, tenant, request, { ...change, type: 'roles.withdrawn' }));
      await users.takeRoles(
        organization,
        user,
        gone.map(({ id }) => id),
      );
      forget();
    }
    if (added.length > 0) {
      const roles = added.map((role) => ({ ...role, id: newId('assignment', clock.now()) }));
      const change = { after: { roles: roles.map(shown), user }, type: 'roles.claimed' };
      await ledger.append(entry(provider, tenant, request, change));
      await users.giveRoles(organization, user, roles);
    }
  }

  return {
    /**
     * The user, made where there is none and the settings allow it.
     * @throws SignInRefused also for a user who is disabled here, whatever the provider says
     */
    async admit(
      provider: Provider,
      organization: OrganizationId,
      vouched: Vouched,
      request: RequestId,
    ): Promise<UserId> {
      const user =
        (await users.find(organization, provider.issuer, vouched.subject)) ??
        (await create(provider, organization, vouched, request));
      if (user.disabled) throw new SignInRefused('user-disabled');
      const tenants = provider.tenants ?? [undefined];
      const wanted = [...vouched.roles].flatMap((role) => tenants.map((tenant) => ({ role, tenant })));
      await setRoles(provider, organization, user, wanted, request);
      return user.id;
    },
  };
}
export type Admission = ReturnType<typeof createAdmission>;

const same = (one: ClaimedRole, other: ClaimedRole): boolean =>
  one.role === other.role && one.tenant === other.tenant;

const shown = ({ role, tenant }: ClaimedRole) => ({ role, tenant: tenant ?? null });
