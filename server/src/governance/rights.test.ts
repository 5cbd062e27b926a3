import { type Role, role, scope, type TenantId } from '@vallum/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPolicies, readGroups, readPolicies } from '../compose/policies.ts';
import { type Caller, newId } from '../kernel/index.ts';
import { createPolicies } from './policies.ts';
import { createRights } from './rights.ts';

type ScopeName = (typeof scope.options)[number];

const organization = newId('organization', 1);
const tenants = [newId('tenant', 1), newId('tenant', 2)] as const;
const [own, other] = tenants;
const policies = loadPolicies();
const rights = createRights(policies);

const callerWith = (given: Partial<Caller>): Caller => ({
  principal: { type: 'user', id: newId('user', 1) },
  organization,
  tenant: own,
  environment: 'production',
  scopes: [],
  roles: [],
  credential: { kind: 'session', id: 'ses_1' },
  ratePerMinute: 1,
  ...given,
});
const everywhere = (...roles: Role[]): Caller => callerWith({ roles, organizationRoles: roles });
const here = (...roles: Role[]): Caller => callerWith({ roles });
const key = (...scopes: ScopeName[]): Caller =>
  callerWith({ scopes, credential: { kind: 'key', id: 'key_1' } });
const administrator = key('vallum:admin', 'vallum:read', 'vallum:write');

describe('what may be given', () => {
  it.each([
    [
      'the first administrator makes keys for applications',
      administrator,
      { scopes: ['vallum:read', 'vallum:write', 'models:invoke'] },
    ],
    ['in other tenants too', administrator, { scopes: ['vallum:read', 'models:invoke'], tenant: other }],
    ['and other administrators', administrator, { scopes: ['vallum:admin'] }],
    ['and makes owners', administrator, { roles: ['owner'], tenant: null, type: 'user' as const }],
    ['an owner gives every role everywhere', everywhere('owner'), { roles: role.options, tenant: null }],
    ['an owner in one tenant gives every role in it', here('owner'), { roles: role.options }],
    [
      'a platform engineer makes keys for applications',
      here('platform-engineer'),
      { scopes: ['vallum:read', 'vallum:write', 'models:invoke'] },
    ],
    [
      'in other tenants where they are one there',
      everywhere('platform-engineer'),
      { scopes: ['models:invoke'], tenant: other },
    ],
    ['whoever has a role shrinks it to a scope', here('auditor'), { scopes: [] }],
    ['a key is exchanged for less', key('vallum:read', 'models:invoke'), { scopes: ['models:invoke'] }],
  ])('%s', (_, giver, given) => {
    expect(rights.mayGrant(giver, given)).toBeUndefined();
  });

  it.each([
    [
      'a platform engineer makes no administrators',
      everywhere('platform-engineer'),
      { scopes: ['vallum:admin'] },
      'role:assign',
    ],
    ['and no owners', everywhere('platform-engineer'), { roles: ['owner'], tenant: null }, 'role:assign'],
    [
      'a developer reads requests and not by whom they were, so a key that does is more',
      here('developer'),
      { scopes: ['vallum:read'] },
      'entry:open',
    ],
    ['an agent calls models and nothing else', here('agent'), { scopes: ['vallum:read'] }, 'request:list'],
    [
      'an application is no administrator',
      key('vallum:read', 'vallum:write', 'models:invoke'),
      { scopes: ['vallum:admin'] },
      'key:list',
    ],
    ['who only administers gives no reading', key('vallum:admin'), { scopes: ['vallum:read'] }, 'model:list'],
    ['nor in another tenant', key('vallum:admin'), { scopes: ['vallum:read'], tenant: other }, 'model:list'],
    ['nor does an owner come of it', key('vallum:admin'), { roles: ['owner'], tenant: null }, 'model:list'],
    [
      'an owner of one tenant is nobody in another',
      here('owner'),
      { roles: ['agent'], tenant: other },
      'model:list',
    ],
    ['nor in all of them', here('owner'), { roles: ['agent'], tenant: null }, 'model:list'],
    ['nor the administrator of the organization', here('owner'), { scopes: ['vallum:admin'] }, 'key:list'],
    [
      'what a key reads here it does not read there',
      callerWith({ roles: ['owner'], scopes: ['vallum:read'] }),
      { scopes: ['vallum:read'], tenant: other },
      'model:list',
    ],
    ['nobody gives what they have by nothing', callerWith({}), { roles: ['agent'] }, 'model:list'],
  ])('%s', (_, giver, given, action) => {
    expect(rights.mayGrant(giver, given)).toBe(action);
  });

  it('counts what holds in every tenant, as a key has it of a service account that is more than a tenant', () => {
    const given = { scopes: ['models:invoke'], roles: ['owner'] };
    expect(rights.mayGrant(here('owner'), given)).toBeUndefined();
    expect(rights.mayGrant(here('owner'), { ...given, organizationRoles: ['owner'] })).toBe('key:list');
    expect(rights.mayGrant(everywhere('owner'), { ...given, organizationRoles: ['owner'] })).toBeUndefined();
  });

  it('is judged by the policies that there are: a forbid that a role brings is not shaken off by giving less', () => {
    const strict = createRights(
      createPolicies(
        `${readPolicies()} @id("agents-invoke-nothing") forbid (principal, action == Action::"model:invoke", resource) when { principal.roles.contains("agent") };`,
        readGroups(),
      ),
    );
    const bound = callerWith({ roles: ['agent'], scopes: ['models:invoke'] });
    expect(rights.mayGrant(bound, { scopes: ['models:invoke'] })).toBeUndefined();
    expect(strict.mayGrant(bound, { scopes: ['models:invoke'] })).toBe('model:invoke');
  });

  it('is judged for each resource that a policy names, since a role may open that one alone', () => {
    const named = createRights(
      createPolicies(
        `${readPolicies()} @id("auditors-may-try") permit (principal, action == Action::"model:invoke", resource == Resource::"model/small") when { principal.roles.contains("auditor") };`,
        readGroups(),
      ),
    );
    const officer = here('compliance-officer');
    expect(rights.mayGrant(officer, { roles: ['auditor'] })).toBeUndefined();
    expect(named.mayGrant(officer, { roles: ['auditor'] })).toBe('model:invoke');
  });

  it('is refused where a policy cannot be evaluated for who would get it: it may permit tomorrow', () => {
    const unclear = createRights(
      createPolicies(
        `${readPolicies()} @id("unclear") permit (principal, action == Action::"tenant:create", resource) when { principal.roles.contains("agent") && context.hour > 8 };`,
        readGroups(),
      ),
    );
    expect(unclear.mayGrant(here('developer'), { roles: ['agent'] })).toBe('tenant:create');
  });
});

describe('who may act for another', () => {
  const they = { type: 'user', id: newId('user', 2) } as const;
  const held = (tenant: TenantId | null, ...roles: Role[]) => roles.map((each) => ({ role: each, tenant }));

  it('is who may do everything that they may', () => {
    expect(rights.mayAdminister(everywhere('owner'), they, held(null, 'owner'))).toBeUndefined();
    expect(rights.mayAdminister(administrator, they, held(null, 'owner'))).toBeUndefined();
    expect(
      rights.mayAdminister(everywhere('platform-engineer'), they, held(own, 'developer', 'auditor')),
    ).toBeUndefined();
    expect(rights.mayAdminister(everywhere('platform-engineer'), they, [])).toBeUndefined();
  });

  it('is not who may do less, in any place where they have a role', () => {
    const engineer = everywhere('platform-engineer');
    expect(rights.mayAdminister(engineer, they, held(null, 'owner'))).toBe('role:assign');
    expect(rights.mayAdminister(engineer, they, held(other, 'owner'))).toBe('role:assign');
    expect(rights.mayAdminister(here('owner'), they, held(other, 'agent'))).toBe('model:list');
    expect(rights.mayAdminister(here('owner'), they, held(null, 'agent'))).toBe('model:list');
    expect(rights.mayAdminister(key('vallum:admin'), they, held(own, 'agent'))).toBe('model:list');
  });

  it('counts what a policy permits them by name', () => {
    const personal = createRights(
      createPolicies(
        `${readPolicies()} @id("special") permit (principal == user::"${they.id}", action == Action::"tenant:create", resource);`,
        readGroups(),
      ),
    );
    expect(personal.mayAdminister(here('owner'), they, [])).toBe('tenant:create');
  });
});

describe('however often, and through whomever, something is given', () => {
  /** Somebody, as far as rights go. */
  interface Person {
    readonly scopes: ScopeName[];
    readonly held: { role: Role; tenant: TenantId | null }[];
  }
  const callerIn = (tenant: TenantId, { scopes, held }: Person): Caller => {
    const organizationRoles = held.filter((each) => each.tenant === null).map((each) => each.role);
    const roles = [
      ...organizationRoles,
      ...held.filter((each) => each.tenant === tenant).map((each) => each.role),
    ];
    return callerWith({ tenant, scopes, roles, organizationRoles });
  };
  /** Everything that somebody may do in a tenant, and from it for the organization. */
  const may = (caller: Caller): Set<string> =>
    new Set(
      [...policies.kinds.keys()].flatMap((action) =>
        ([undefined, 'organization'] as const)
          .filter((of) => policies.decide(caller, action, 'x', of).allowed)
          .map((of) => `${action} ${of ?? 'tenant'}`),
      ),
    );

  const person = fc.record({
    scopes: fc.subarray(scope.options),
    held: fc.array(
      fc.record({ role: fc.constantFrom(...role.options), tenant: fc.constantFrom(own, other, null) }),
      { maxLength: 2 },
    ),
  });
  const gift = fc.record({
    roles: fc.subarray(role.options, { maxLength: 2 }),
    scopes: fc.subarray(scope.options),
    tenant: fc.constantFrom(own, other, null),
  });

  it('who gets it can do nothing in that place that the giver could not', () =>
    fc.assert(
      fc.property(person, gift, (of, { tenant, ...given }) => {
        const giver = callerIn(own, of);
        if (rights.mayGrant(giver, { ...given, tenant, type: 'user' }) !== undefined) return;
        const before = may(giver);
        const there = tenant ?? own;
        const got = may(
          callerWith({ ...given, tenant: there, organizationRoles: tenant === null ? given.roles : [] }),
        );
        // In another tenant the giver counts as who they are there; whoever may appoint there has their scopes there.
        const appoints = policies.decide(giver, 'role:assign', 'x', tenant ?? 'organization').allowed;
        const givers =
          tenant === own
            ? before
            : may(
                callerIn(there, {
                  ...of,
                  held: of.held.filter((each) => each.tenant === null),
                  scopes: appoints ? of.scopes : [],
                }),
              );
        expect([...got].filter((each) => !givers.has(each))).toEqual([]);
      }),
      { numRuns: 100 },
    ));

  /** Somebody at work: a key acts in its tenant, a user in every tenant where they have a role. */
  interface Member extends Person {
    readonly at: readonly TenantId[];
  }
  /** What each member may do in each tenant, and from it for the organization. */
  const powers = (members: readonly Member[]): Set<string> =>
    new Set(
      members.flatMap((each) =>
        each.at.flatMap((tenant) => [...may(callerIn(tenant, each))].map((power) => `${power} ${tenant}`)),
      ),
    );

  it.each([
    ['an owner of one tenant', { scopes: [], held: [{ role: 'owner', tenant: own }], at: [own] }],
    ['a platform engineer', { scopes: [], held: [{ role: 'platform-engineer', tenant: null }], at: tenants }],
    ['a key that administers and reads', { scopes: ['vallum:admin', 'vallum:read'], held: [], at: [own] }],
  ] satisfies [string, Member][])('nobody who comes of %s ever gets further than they did', (_, first) => {
    const step = fc.record({ by: fc.nat(), at: fc.nat(), gift, asKey: fc.boolean() });
    // Whoever administers the organization has their scopes in each of its tenants.
    const bound = powers([{ ...first, at: first.scopes.length > 0 ? tenants : first.at }]);
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const members: Member[] = [first];
        for (const { by, at, gift: given, asKey } of steps) {
          const member = members[by % members.length] ?? first;
          const giver = callerIn(member.at[at % member.at.length] ?? own, member);
          const action = asKey ? 'key:create' : 'role:assign';
          const place = given.tenant ?? (asKey ? own : null);
          const of = place === giver.tenant ? undefined : (place ?? 'organization');
          if (!policies.decide(giver, action, 'x', of).allowed) continue;
          const { scopes, roles } = asKey ? { ...given, roles: [] } : { ...given, scopes: [] };
          if (rights.mayGrant(giver, { scopes, roles, tenant: place, type: 'user' }) !== undefined) continue;
          const held = roles.map((each) => ({ role: each, tenant: place }));
          members.push({ scopes, held, at: place === null ? tenants : [place] });
        }
        expect([...powers(members)].filter((power) => !bound.has(power))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
