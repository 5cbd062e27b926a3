import { createHash, randomBytes } from 'node:crypto';
import type { OrganizationId, RequestId } from '@vallum/contract';
import { type Clock, Fault } from '../../kernel/index.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { FetchKeys } from '../tokens/issuer-keys.ts';
import { createIssuerKeys } from '../tokens/issuer-keys.ts';
import type { Admission } from './admission.ts';
import type { FlowCookies } from './flow-cookie.ts';
import { verifyIdToken } from './id-token.ts';
import type { RelyingParty } from './ports.ts';
import type { Provider } from './provider.ts';
import { SignInRefused } from './sign-in-refused.ts';
import { lacks, type Vouched, vouchedBy } from './vouched.ts';

interface SignInParts {
  readonly party: RelyingParty;
  readonly admission: Admission;
  readonly sessions: Pick<Sessions, 'open' | 'tenantsOf'>;
  readonly flows: FlowCookies;
  readonly fetchKeys: FetchKeys;
  readonly clock: Clock;
  /** How people reach this server: `https://vallum.example.org`. Never what a request says that it is. */
  readonly origin: () => string;
  /** Told when something of a provider could not be had. */
  readonly onTrouble: (issuer: string, error: unknown) => void;
  readonly firstOrganization: () => Promise<OrganizationId | undefined>;
}

/** Somebody who comes back from a provider. */
export interface Return {
  /** What the provider added to the redirect URI, as it came. */
  readonly query: string;
  readonly state: string;
  readonly cookies: ReadonlyMap<string, string>;
  /** What the browser says that it is. */
  readonly client: string;
  readonly request: RequestId;
}

/** Sign-in through identity providers: the authorization code flow with PKCE (OpenID Connect Core, RFC 7636, RFC 9700). */
export function createProviderSignIn(parts: SignInParts) {
  const { party, admission, sessions, flows, clock, origin } = parts;
  const keys = new Map<string, ReturnType<typeof createIssuerKeys>>();

  const redirectUri = ({ name }: Provider): string => `${origin()}/v1/sign-in/${name}/callback`;

  async function keysOf(provider: Provider): Promise<ReturnType<typeof createIssuerKeys>> {
    const url = await party.keysUrl(provider);
    const known = keys.get(url);
    if (known) return known;
    const onTrouble = (error: unknown): void => parts.onTrouble(provider.issuer, error);
    const made = createIssuerKeys({
      issuer: { keys: { url } },
      fetchKeys: parts.fetchKeys,
      clock,
      onTrouble,
    });
    keys.set(url, made);
    return made;
  }

  async function vouched(
    provider: Provider,
    query: string,
    flow: { state: string; nonce: string; verifier: string },
  ): Promise<Vouched> {
    const { idToken, accessToken } = await party.redeem(
      provider,
      new URL(`${redirectUri(provider)}?${query}`),
      flow,
    );
    const given = { idToken, accessToken, nonce: flow.nonce };
    const claims = await verifyIdToken(given, provider, await keysOf(provider), clock);
    const more = lacks(claims, provider)
      ? await party.userInfo(provider, accessToken, claims.sub)
      : undefined;
    return vouchedBy(claims.sub, claims, more, provider);
  }

  return {
    /**
     * Where the browser goes, and the cookies by which it is known when it comes back.
     * @throws SignInRefused `provider-unavailable`
     */
    async begin(
      provider: Provider,
      returnTo: string,
      cookies: ReadonlyMap<string, string>,
    ): Promise<{ readonly location: string; readonly cookies: string[] }> {
      const [state, nonce, verifier] = [random(), random(), random()];
      const location = await party.authorizationUrl(provider, {
        redirectUri: redirectUri(provider),
        state,
        nonce,
        challenge: createHash('sha256').update(verifier).digest('base64url'),
      });
      const flow = flows.seal(provider.name, state, { nonce, verifier, returnTo });
      return { location, cookies: [...flows.clearTooMany(provider.name, cookies), flow] };
    },

    /**
     * Ends a flow in a session of its user.
     * @throws SignInRefused
     */
    async finish(
      provider: Provider,
      { query, state, cookies, client, request }: Return,
    ): Promise<{ readonly returnTo: string; readonly cookie: string }> {
      const flow = flows.open(provider.name, state, cookies);
      if (!flow) throw new SignInRefused('flow-unknown');
      const who = await vouched(provider, query, { state, ...flow });
      const organization = provider.organization ?? (await parts.firstOrganization());
      if (!organization) throw new Fault('unavailable', { because: 'there is no organization yet' });
      const user = await admission.admit(provider, organization, who, request);
      const [tenant] = await sessions.tenantsOf({ organization, user }, 1);
      if (!tenant) throw new SignInRefused('no-role');
      const { cookie } = await sessions.open({
        organization,
        user,
        tenant: tenant.id,
        method: 'oidc',
        client,
        request,
      });
      return { returnTo: flow.returnTo, cookie };
    },
  };
}
export type SignIn = ReturnType<typeof createProviderSignIn>;

/** RFC 7636 wants 256 bits of a verifier; the others are worth no less. */
const random = (): string => randomBytes(32).toString('base64url');
