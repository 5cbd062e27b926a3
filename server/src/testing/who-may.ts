import { role, scope } from '@vallum/contract';
import type { createPolicies } from '../governance/index.ts';
import { type Caller, newId } from '../kernel/index.ts';

/* Who may do what, as the policies themselves say when they are asked: for tests that compare it with what was meant, and with what is written. */

type Policies = ReturnType<typeof createPolicies>;

const organization = newId('organization', 1);
const tenant = newId('tenant', 1);

/** Somebody with exactly this, in a tenant. */
const somebody = (given: Partial<Caller>): Caller => ({
  principal: { type: 'user', id: newId('user', 1) },
  organization,
  tenant,
  environment: 'production',
  scopes: [],
  roles: [],
  credential: { kind: 'key', id: 'key_1' },
  ratePerMinute: 1,
  ...given,
});

const { options: roles } = role;
const { options: scopes } = scope;

const inTenant: readonly (readonly [string, Caller])[] = [
  ...roles.map((each) => [each, somebody({ roles: [each] })] as const),
  ...scopes.map((each) => [each, somebody({ scopes: [each] })] as const),
];
const inOrganization: typeof inTenant = [
  ...roles.map((each) => [each, somebody({ roles: [each], organizationRoles: [each] })] as const),
  ...scopes.map((each) => [each, somebody({ scopes: [each] })] as const),
];

/**
 * Roles and scopes that allow an action: `tenant` on what is the tenant's where somebody has them, `organization` on what is another tenant's or the
 * organization's, for who has the role in every tenant. `anybody` for what needs neither.
 */
export function whoMay(policies: Policies, action: string): { tenant: string; organization: string } {
  const of = (who: typeof inTenant, owner?: 'organization'): string => {
    if (policies.decide(somebody({}), action, 'any', owner).allowed) return 'anybody';
    return who
      .filter(([, caller]) => policies.decide(caller, action, 'any', owner).allowed)
      .map(([name]) => name)
      .join(' ');
  };
  const other = newId('tenant', 2);
  const elsewhere = of(inOrganization, 'organization');
  for (const [name, caller] of inOrganization)
    if (
      policies.decide(caller, action, 'any', other).allowed !==
      policies.decide(caller, action, 'any', 'organization').allowed
    )
      throw new Error(`${name} may ${action} for the organization, or in other tenants, but not both`);
  return { tenant: of(inTenant), organization: elsewhere };
}

/** The same as a table in Markdown: ● in the tenant, ○ only with the role in every tenant, ◉ both. */
export function matrixTable(policies: Policies, groups: Readonly<Record<string, readonly string[]>>): string {
  const columns = [...roles, ...scopes];
  const rows = Object.entries(groups).flatMap(([group, actions]) =>
    actions.map((action) => {
      const may = whoMay(policies, action);
      const sign = (name: string): string => {
        const [here, everywhere] = [may.tenant, may.organization].map((list) =>
          ['anybody', name].some((each) => list.split(' ').includes(each)),
        );
        return here ? (everywhere ? '◉' : '●') : everywhere ? '○' : '';
      };
      return [group, `\`${action}\``, ...columns.map(sign)];
    }),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = ['group', 'action', ...columns];
  const rule = head.map((_, at) => (at < 2 ? '---' : ':-:'));
  return [head, rule, ...rows].map(line).join('\n');
}
