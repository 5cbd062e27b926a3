import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Caller, newId } from '../kernel/index.ts';
import { createPolicies } from './policies.ts';

const text = readFileSync(new URL('../../policies/base.cedar', import.meta.url), 'utf8');
const groups = JSON.parse(
  readFileSync(new URL('../../policies/actions.json', import.meta.url), 'utf8'),
) as Record<string, string[]>;

const callerWith = (...scopes: string[]): Caller => ({
  principal: { type: 'service', id: newId('key', 1) },
  organization: newId('organization', 1),
  tenant: newId('tenant', 1),
  environment: 'production',
  scopes,
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
