import { describe, expect, it } from 'vitest';
import { issuerUrl, tenant } from '../testing/test-issuer.ts';
import { issuerOf, issuerSettings } from './issuer.ts';

const least = {
  issuer: issuerUrl,
  audience: 'vallum',
  jwks_uri: `${issuerUrl}/keys`,
  tenant,
  scopes: ['vallum:read'],
};
const placesOf = (settings: object): string[] =>
  (issuerSettings.safeParse(settings).error?.issues ?? []).map(({ path }) => path.join('.'));

describe('the settings of an issuer', () => {
  it('need five things; the rest is careful by default', () => {
    expect(issuerOf(issuerSettings.parse(least))).toMatchObject({
      audiences: ['vallum'],
      keys: { url: `${issuerUrl}/keys` },
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      types: new Set(['jwt', 'at+jwt']),
      tenant,
      principal: 'user',
      scopeClaims: [['scope'], ['scp']],
      clockToleranceSeconds: 30,
      maxAgeSeconds: 86_400,
      ratePerMinute: 100,
    });
  });

  it.each([
    [{ algorithms: ['HS256'] }, ['algorithms.0']],
    [{ algorithms: ['none'] }, ['algorithms.0']],
    [{ algorithms: [] }, ['algorithms']],
    [{ types: [] }, ['types']],
    [{ audience: '' }, ['audience']],
    [{ audience: [] }, ['audience']],
    [{ scopes: [] }, ['scopes']],
    [{ scopes: ['vallum:everything'] }, ['scopes.0']],
    [{ clock_tolerance_s: 61 }, ['clock_tolerance_s']],
    [{ max_age_s: 0 }, ['max_age_s']],
    [{ tenant: 'acme' }, ['tenant']],
    [{ jwks_uri: undefined }, ['jwks_uri']],
    [{ jwks_file: '/keys.json' }, ['jwks_uri']],
    [{ tenant_claim: 'tenant' }, ['tenant']],
    [{ tenant: undefined }, ['tenant']],
    [{ tenants: { acme: tenant } }, ['tenants']],
    [{ roles: { boss: ['vallum:admin'] } }, ['roles']],
    [{ roles_claim: 'roles' }, ['roles']],
    [{ role_map: { boss: ['owner'] } }, ['roles']],
    [{ role_map: { boss: ['king'] }, roles_claim: 'roles' }, ['role_map.boss.0']],
    [{ role_map: { boss: [] }, roles_claim: 'roles' }, ['role_map.boss']],
    [{ scopes: [], roles_claim: 'roles', roles: { a: ['vallum:read'] } }, ['scopes']],
    [{ principal: 'user', principal_claim: 'kind' }, ['principal']],
    [{ principal: 'system' }, ['principal']],
    [{ verify: false }, ['']],
  ])('cannot be %j, and the error names %j', (more, places) => {
    expect(placesOf({ ...least, ...more })).toEqual(places);
  });

  it('can give roles alone: then its tokens have no scopes', () => {
    expect(
      placesOf({ ...least, scopes: [], roles_claim: 'groups', role_map: { staff: ['developer'] } }),
    ).toEqual([]);
  });

  it.each([
    'http://login.example.org/keys',
    'http://127.0.0.1.example.org/keys',
    'http://localhost.example.org/keys',
    'http://10.0.0.1/keys',
    'ftp://login.example.org/keys',
    'file:///etc/passwd',
    'https://user:word@login.example.org/keys',
    'https://login.example.org/keys#x',
    'login.example.org/keys',
  ])('cannot have keys at %s: what arrives in the clear is whose on the way', (jwks_uri) => {
    expect(placesOf({ ...least, jwks_uri })).toEqual(['jwks_uri']);
  });

  it.each([
    'http://127.0.0.1:8080/keys',
    'http://localhost/keys',
    'http://[::1]:1/keys',
    'https://login.example.org/keys?x=1',
  ])('can have keys at %s', (jwks_uri) => {
    expect(placesOf({ ...least, jwks_uri })).toEqual([]);
  });
});
