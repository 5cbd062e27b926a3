import { describe, expect, it } from 'vitest';
import { providerOf, providerSettings } from '../oidc/provider.ts';
import { handClock } from '../testing/test-issuer.ts';
import { openidRelyingParty } from './relying-party-openid-client.ts';

const issuer = 'https://login.example.org/realms/acme';
const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/keys`,
  response_types_supported: ['code'],
};
const hourMs = 60 * 60_000;

function setUp(more: object = {}) {
  const clock = handClock();
  const remote = { says: (): object => ({ ...metadata, ...more }), asked: 0 };
  const troubles: unknown[] = [];
  const party = openidRelyingParty({
    clock,
    fetch: async () => {
      remote.asked += 1;
      return Response.json(remote.says());
    },
    onTrouble: (_, error) => void troubles.push(error),
  });
  const provider = providerOf(
    providerSettings.parse({ name: 'acme', title: 'Acme', issuer, client_id: 'vallum' }),
  );
  const begin = (): Promise<string> =>
    party
      .authorizationUrl(provider, {
        redirectUri: 'https://v.example/cb',
        state: 's',
        nonce: 'n',
        challenge: 'c',
      })
      .then(
        () => 'begun',
        ({ reason }: { reason: string }) => reason,
      );
  return { clock, remote, troubles, party, provider, begin };
}

describe('what a provider says of itself', () => {
  it('is asked for with the first sign-in, once for all that come meanwhile, and not again for an hour', async () => {
    const { begin, remote, clock } = setUp();
    expect(remote.asked).toBe(0);
    expect(await Promise.all([begin(), begin(), begin()])).toEqual(['begun', 'begun', 'begun']);
    clock.pass(hourMs - 1);
    await begin();
    expect(remote.asked).toBe(1);
    clock.pass(1);
    expect(await begin()).toBe('begun');
    expect(remote.asked).toBe(2);
  });

  it('serves for a day while the provider does not answer, and then nothing does', async () => {
    const { begin, remote, clock, troubles } = setUp();
    await begin();
    remote.says = () => {
      throw new Error('ECONNREFUSED');
    };
    clock.pass(23 * hourMs);
    expect(await begin()).toBe('begun');
    clock.pass(hourMs);
    expect(await begin()).toBe('provider-unavailable');
    expect(troubles.length).toBeGreaterThan(0);
  });

  it('is asked for no more than every ten seconds where there is no answer, however many come', async () => {
    const { begin, remote, clock } = setUp();
    remote.says = () => {
      throw new Error('ECONNREFUSED');
    };
    for (let i = 0; i < 50; i += 1) expect(await begin()).toBe('provider-unavailable');
    expect(remote.asked).toBe(1);
    remote.says = () => metadata;
    clock.pass(10_000);
    expect(await begin()).toBe('begun');
  });

  it.each([
    ['of another issuer', { issuer: 'https://evil.example' }],
    ['of an issuer that differs by a slash', { issuer: `${issuer}/` }],
    ['of an issuer for everybody', { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }],
    ['of nobody', { issuer: undefined }],
    ['with a sign-in in the clear', { authorization_endpoint: 'http://login.example.org/authorize' }],
    ['with a sign-in that is a script', { authorization_endpoint: 'javascript:alert(1)' }],
    ['with codes in the clear', { token_endpoint: 'http://login.example.org/token' }],
    ['without a token endpoint', { token_endpoint: undefined }],
  ])('is not believed when it is %s', async (_, more) => {
    const { begin } = setUp(more);
    expect(await begin()).toBe('provider-unavailable');
  });

  it('names keys and a sign-out that are taken over https alone', async () => {
    const { party, provider } = setUp({
      jwks_uri: 'http://login.example.org/keys',
      end_session_endpoint: 'http://login.example.org/end',
    });
    await expect(party.keysUrl(provider)).rejects.toMatchObject({ reason: 'provider-unavailable' });
    expect(await party.signOutUrl(provider, 'https://v.example/sign-in')).toBeUndefined();
  });
});
