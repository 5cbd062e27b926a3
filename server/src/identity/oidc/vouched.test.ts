import { describe, expect, it } from 'vitest';
import { providerOf, providerSettings } from './provider.ts';
import { lacks, vouchedBy } from './vouched.ts';

const providerWith = (more: object = {}) =>
  providerOf(
    providerSettings.parse({
      name: 'acme',
      title: 'Acme',
      issuer: 'https://login.example.org',
      client_id: 'vallum',
      ...more,
    }),
  );
const mapped = {
  roles_claim: ['realm_access', 'roles'],
  roles: { staff: ['developer'], 'Security Team': ['security-analyst', 'auditor'], '*': ['owner'] },
};
const rolesOf = (value: unknown, more: object = {}) =>
  [
    ...vouchedBy('s', { realm_access: { roles: value } }, undefined, providerWith({ ...mapped, ...more }))
      .roles,
  ].sort();

describe('what a provider says of somebody', () => {
  it.each<[unknown, string[]]>([
    [['staff'], ['developer']],
    [
      ['staff', 'Security Team', 'unknown'],
      ['auditor', 'developer', 'security-analyst'],
    ],
    ['staff', ['developer']],
    ['Security Team', ['auditor', 'security-analyst']],
    ['staff Security Team', []],
    ['security team', []],
    [['STAFF', ' staff'], []],
    [['__proto__', 'constructor', 'toString'], []],
    [[], []],
    [undefined, []],
    [null, []],
  ])('gives the roles of values that are in the settings, letter for letter: %j gives %j', (value, roles) => {
    expect(rolesOf(value)).toEqual(roles);
  });

  it.each([{ staff: true }, [['staff']], 7, [1], [null]])(
    'is refused when roles are of another kind: %j',
    (value) => {
      expect(() => rolesOf(value)).toThrow(expect.objectContaining({ reason: 'token-refused' }));
    },
  );

  it('gives what everybody is beside it', () => {
    expect(rolesOf(['staff'], { default_roles: ['auditor'] })).toEqual(['auditor', 'developer']);
    expect(rolesOf([], { default_roles: ['auditor'] })).toEqual(['auditor']);
  });

  const email = (token: object, userInfo?: object, more: object = {}) => {
    const { email: address, emailVerified } = vouchedBy(
      's',
      token as never,
      userInfo as never,
      providerWith(more),
    );
    return [address, emailVerified];
  };
  it('has an e-mail that is verified when who gave the e-mail says so, and nobody else', () => {
    expect(email({ email: 'Jane@Example.org ', email_verified: true })).toEqual(['jane@example.org', true]);
    expect(email({ email: 'a@b.c', email_verified: 'true' })).toEqual(['a@b.c', true]);
    for (const not of [false, 'false', 1, undefined, 'yes'])
      expect(email({ email: 'a@b.c', email_verified: not })).toEqual(['a@b.c', false]);
    expect(email({ email: 'a@b.c' }, { email: 'x@y.z', email_verified: true })).toEqual(['a@b.c', false]);
    expect(email({ email_verified: true }, { email: 'x@y.z' })).toEqual(['x@y.z', false]);
    expect(email({}, { email: 'x@y.z', email_verified: true })).toEqual(['x@y.z', true]);
    expect(email({})).toEqual([undefined, false]);
  });

  it('has no verified e-mail where the address is in another claim, of which `email_verified` says nothing', () => {
    expect(
      email({ upn: 'a@b.c', email: 'x@y.z', email_verified: true }, undefined, { email_claim: 'upn' }),
    ).toEqual(['a@b.c', false]);
  });

  it.each(['', 'jane', 'a@b@c', 'a b@c', 'a\n@b', '@b', 'a@', 7, `${'a'.repeat(400)}@b`])(
    'is refused with the e-mail %j',
    (address) => {
      expect(() => email({ email: address })).toThrow(expect.objectContaining({ reason: 'token-refused' }));
    },
  );

  it('takes a name as it is, and none where it is not fit for one', () => {
    const name = (value: unknown) => vouchedBy('s', { name: value }, undefined, providerWith()).name;
    expect(name('Jane Doe')).toBe('Jane Doe');
    for (const value of [7, 'a\u0007b', 'x'.repeat(300), undefined]) expect(name(value)).toBe('');
  });

  it('is asked for elsewhere only where the token lacks what the settings read', () => {
    expect(lacks({ email: 'a@b.c' }, providerWith())).toBe(false);
    expect(lacks({}, providerWith())).toBe(true);
    expect(lacks({ email: 'a@b.c' }, providerWith(mapped))).toBe(true);
    expect(lacks({ email: 'a@b.c', realm_access: { roles: [] } }, providerWith(mapped))).toBe(false);
  });
});

describe('the settings of a provider', () => {
  const least = { name: 'acme', title: 'Acme', issuer: 'https://login.example.org', client_id: 'vallum' };
  it.each([
    [{ name: 'providers' }, 'name'],
    [{ name: 'Acme' }, 'name'],
    [{ name: '../x' }, 'name'],
    [{ issuer: 'http://login.example.org' }, 'issuer'],
    [{ issuer: 'https://u:p@login.example.org' }, 'issuer'],
    [{ scopes: ['email'] }, 'scopes'],
    [{ scopes: ['openid', 'a b'] }, 'scopes.1'],
    [{ roles: { a: ['owner'] } }, 'roles'],
    [{ roles_claim: 'groups' }, 'roles'],
    [{ roles_claim: 'groups', roles: { a: ['boss'] } }, 'roles.a.0'],
    [{ roles_claim: 'groups', roles: { a: ['agent'] } }, 'roles.a.0'],
    [{ default_roles: ['vallum:admin'] }, 'default_roles.0'],
    [{ tenants: [] }, 'tenants'],
    [{ verify: false }, ''],
  ])('cannot be %j, and the error names %s', (more, place) => {
    const issues = providerSettings.safeParse({ ...least, ...more }).error?.issues ?? [];
    expect(issues.map(({ path }) => path.join('.'))).toEqual([place]);
  });
});
