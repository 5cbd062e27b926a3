import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Caller, newId } from '../kernel/index.ts';
import { createPolicies } from './policies.ts';

const inPolicies = (file: string): string =>
  readFileSync(new URL(`../../policies/${file}`, import.meta.url), 'utf8');
const text = `${inPolicies('base.cedar')}\n${inPolicies('roles.cedar')}`;
const groups = JSON.parse(inPolicies('actions.json')) as Record<string, string[]>;

const callerWith = (...scopes: string[]): Caller => ({
  principal: { type: 'service', id: newId('key', 1) },
  organization: newId('organization', 1),
  tenant: newId('tenant', 1),
  environment: 'production',
  scopes,
  roles: [],
  credential: { kind: 'key', id: 'key_1' },
  ratePerMinute: 1,
});

describe('the base policies', () => {
  const policies = createPolicies(text, groups);

  it('permit what a scope says, and name the policy that did', () => {
    expect(policies.decide(callerWith('vallum:read'), 'request:list', 'requests')).toEqual({
      allowed: true,
      reasons: [{ by: 'policy', code: 'read-own-tenant' }],
    });
  });

  it.each([
    ['vallum:read', 'model:invoke'],
    ['vallum:write', 'request:list'],
    ['models:invoke', 'key:create'],
    ['vallum:write', 'tenant:create'],
  ])('deny by default: %s does not allow %s', (scope, action) => {
    expect(policies.decide(callerWith(scope), action, 'x')).toEqual({
      allowed: false,
      reasons: [{ by: 'policy', code: 'no-policy-permits' }],
    });
  });

  it('deny an action that they do not know, whatever the scopes', () => {
    const everything = callerWith('vallum:read', 'vallum:write', 'vallum:admin');
    expect(policies.decide(everything, 'model:destroy', 'x').allowed).toBe(false);
  });

  it.each(['organization', newId('tenant', 2)] as const)(
    'hold what is of %s apart from what is of the tenant, also in memory and whatever a resource is called',
    (of) => {
      const caller = callerWith('vallum:read');
      expect(policies.decide(caller, 'request:list', 'x').allowed).toBe(true);
      expect(policies.decide(caller, 'request:list', `x ${of}`).allowed).toBe(true);
      expect(policies.decide(caller, 'request:list', 'x', of).allowed).toBe(false);
      const administrator = callerWith('vallum:admin');
      expect(policies.decide(administrator, 'key:list', 'x', of).allowed).toBe(true);
    },
  );

  it('leave what protects an account to who signed in', () => {
    const extended = createPolicies(text, { ...groups, account: ['account:test'] });
    const caller = callerWith('vallum:read', 'vallum:write', 'vallum:admin');
    expect(extended.decide(caller, 'account:test', 'x').allowed).toBe(false);
    const session = { ...callerWith(), credential: { kind: 'session' as const, id: 'ses_1' } };
    expect(extended.decide(session, 'account:test', 'x').allowed).toBe(true);
  });

  it('decide the same from memory', () => {
    const caller = callerWith('models:invoke');
    const first = policies.decide(caller, 'model:invoke', 'model/rehearsal');
    expect(policies.decide(caller, 'model:invoke', 'model/rehearsal')).toBe(first);
  });
});

describe('policies', () => {
  const permitAll = '@id("all") permit (principal, action, resource);';

  it('deny when one of them cannot be evaluated, so that a broken forbid is no permit', () => {
    const broken = createPolicies(
      `${permitAll} @id("broken") forbid (principal, action, resource) when { principal.missing };`,
      groups,
    );
    expect(broken.decide(callerWith(), 'model:invoke', 'x')).toEqual({
      allowed: false,
      reasons: [{ by: 'policy', code: 'policy-error' }],
    });
  });

  it('see every attribute that they read, however they read it', () => {
    const reading = createPolicies(
      `@id("all") permit (principal, action, resource) when {
         principal has tenant && principal["organization"] == resource.organization && !(principal has other.more) &&
         (if principal.roles.isEmpty() then principal.credential == "key" else false) && resource.environment == principal.environment &&
         principal.organizationRoles.isEmpty() && !(principal has name)
       };`,
      groups,
    );
    expect(reading.decide(callerWith('vallum:read'), 'model:invoke', 'x')).toEqual({
      allowed: true,
      reasons: [{ by: 'policy', code: 'all' }],
    });
  });

  it('name the resources that they are about, wherever in them that is said', () => {
    const naming = createPolicies(
      `@id("a") permit (principal, action, resource == Resource::"model/a");
       @id("b") permit (principal, action, resource) when { resource == Resource::"model/b" || [Resource::"model/a"].contains(resource) };`,
      groups,
    );
    expect([...naming.resources].sort()).toEqual(['model/a', 'model/b']);
  });

  it('say the same of every action of a kind, and name what tells actions apart', () => {
    const telling = createPolicies(
      `@id("a") permit (principal, action in Action::"g", resource);
       @id("b") forbid (principal, action, resource) when { action == Action::"g:second" || action in [Action::"h"] };`,
      { g: ['g:first', 'g:second', 'g:third', 'both'], h: ['both', 'h:only'] },
    );
    expect([...telling.kinds]).toEqual([
      ['g:first', ['g:first', 'g:third']],
      ['g:second', ['g:second']],
      ['both', ['both']],
      ['h:only', ['h:only']],
    ]);
    expect(telling.reads('environment')).toBe(false);
  });

  it('name the one that forbids', () => {
    const forbidding = createPolicies(
      `${permitAll} @id("no-development") forbid (principal, action, resource) when { resource.environment == "production" };`,
      groups,
    );
    expect(forbidding.decide(callerWith(), 'model:invoke', 'x')).toEqual({
      allowed: false,
      reasons: [{ by: 'policy', code: 'no-development' }],
    });
  });

  it('are asked each time when one reads the context, since that may have changed', () => {
    const contextual = createPolicies(
      '@id("c") permit (principal, action, resource) when { context has now };',
      groups,
    );
    const caller = callerWith();
    const first = contextual.decide(caller, 'model:invoke', 'x');
    expect(contextual.decide(caller, 'model:invoke', 'x')).not.toBe(first);
  });

  it('are refused at start without an id, or when they are not Cedar', () => {
    expect(() => createPolicies('permit (principal, action, resource);', groups)).toThrow(/@id/);
    expect(() => createPolicies('permit everything', groups)).toThrow(/policies:/);
  });
});

describe('of many policies those that cannot say anything are left out', () => {
  const groups: Record<string, string[]> = {
    read: ['model:list', 'request:read'],
    write: ['model:invoke'],
    admin: ['key:create', 'request:read'],
  };
  const effects = fc.constantFrom('permit', 'forbid');
  const principals = fc.constantFrom(
    'principal',
    'principal is service',
    ...['key_a', 'key_b', 'key_c'].map((id) => `principal == service::"${id}"`),
    'principal == user::"key_a"',
  );
  const actions = fc.constantFrom(
    'action',
    'action == Action::"model:invoke"',
    'action == Action::"read"',
    'action in Action::"read"',
    'action in [Action::"admin", Action::"model:list"]',
    'action == Action::"nobody:knows"',
  );
  const resources = fc.constantFrom('resource', 'resource == Resource::"a"');
  const scopes = fc.tuple(effects, principals, actions, resources);
  const callers = ['key_a', 'key_b', 'key_d'].map((id) => ({
    ...callerWith(),
    principal: { type: 'service' as const, id: id as Caller['principal']['id'] },
  }));

  /** What Cedar's scopes mean, by the book: a forbid wins, and without a permit it is refused. */
  const says = (
    [, principal, action, resource]: string[],
    id: string,
    asked: string,
    of: string,
  ): boolean => {
    const groupsOf = Object.keys(groups).filter((group) => groups[group]?.includes(asked));
    const named = [...(action ?? '').matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? '');
    return (
      (!principal?.includes('==') || principal.endsWith(`service::"${id}"`)) &&
      (named.length === 0 ||
        named.some((name) => name === asked || (action?.includes(' in ') && groupsOf.includes(name)))) &&
      (resource === 'resource' || of === 'a')
    );
  };

  it('and each decision is what all of them would have said', () =>
    fc.assert(
      fc.property(fc.array(scopes, { maxLength: 8 }), (written) => {
        const policies = createPolicies(
          written
            .map(([effect, ...scope], index) => `@id("p${index}") ${effect} (${scope.join(', ')});`)
            .join('\n'),
          groups,
        );
        for (const caller of callers)
          for (const action of ['model:invoke', 'model:list', 'request:read', 'key:create'])
            for (const resource of ['a', 'b']) {
              const { id } = caller.principal;
              const saying = written.filter((scope) => says(scope, id, action, resource));
              const allowed =
                saying.some(([effect]) => effect === 'permit') &&
                !saying.some(([effect]) => effect === 'forbid');
              expect(policies.decide(caller, action, resource).allowed).toBe(allowed);
            }
      }),
      { numRuns: 60 },
    ));
});
