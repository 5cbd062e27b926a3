import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  customFetch,
  discovery,
  fetchUserInfo,
  None,
  ResponseBodyError,
} from 'openid-client';
import type { Clock } from '../../kernel/index.ts';
import type { RelyingParty } from '../oidc/ports.ts';
import type { Provider } from '../oidc/provider.ts';
import { SignInRefused } from '../oidc/sign-in-refused.ts';
import { isSecureUrl } from '../tokens/issuer.ts';

/** After this a provider is asked again where everything is, while what it said before serves. */
const freshMs = 60 * 60_000;
/** How long that serves while the provider does not answer. */
const keptMs = 24 * 60 * 60_000;
/** Between two questions to a provider that does not answer, whoever comes. */
const cooldownMs = 10_000;

interface PartyParts {
  readonly clock: Clock;
  /** Bounded in time and size. */
  readonly fetch: (url: string, options: object) => Promise<Response>;
  readonly onTrouble: (issuer: string, error: unknown) => void;
}

/** OpenID Connect by `openid-client`: discovery, authorization requests, codes. What is signed is verified elsewhere (`oidc/id-token.ts`). */
export function openidRelyingParty({ clock, fetch, onTrouble }: PartyParts): RelyingParty {
  const known = new Map<string, Metadata>();
  const metadataOf = (provider: Provider): Metadata => {
    const made =
      known.get(provider.name) ??
      createMetadata(
        clock,
        () => discover(provider, fetch),
        (error) => onTrouble(provider.issuer, error),
      );
    known.set(provider.name, made);
    return made;
  };

  /** What does not come about because of a provider is said in a word of ours. */
  async function speak<T>(provider: Provider, work: (config: Configuration) => T | Promise<T>): Promise<T> {
    const config = await metadataOf(provider).get();
    try {
      return await work(config);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  return {
    authorizationUrl: (provider, { redirectUri, state, nonce, challenge }) =>
      speak(provider, (config) => {
        const url = buildAuthorizationUrl(config, {
          redirect_uri: redirectUri,
          scope: provider.scopes.join(' '),
          state,
          nonce,
          code_challenge: challenge,
          code_challenge_method: 'S256',
        });
        return url.href;
      }),
    redeem: (provider, callback, { state, nonce, verifier }) =>
      speak(provider, async (config) => {
        const { id_token: idToken, access_token: accessToken } = await authorizationCodeGrant(
          config,
          callback,
          {
            expectedState: state,
            expectedNonce: nonce,
            pkceCodeVerifier: verifier,
            idTokenExpected: true,
          },
        );
        if (idToken === undefined) throw new SignInRefused('token-refused');
        return { idToken, accessToken };
      }),
    userInfo: (provider, accessToken, subject) =>
      speak(provider, (config) =>
        config.serverMetadata().userinfo_endpoint === undefined
          ? undefined
          : fetchUserInfo(config, accessToken, subject),
      ),
    keysUrl: (provider) =>
      speak(provider, (config) => {
        const { jwks_uri: url } = config.serverMetadata();
        if (url === undefined || !isSecureUrl(url)) throw new SignInRefused('provider-unavailable');
        return url;
      }),
    signOutUrl: (provider, returnTo) =>
      speak(provider, (config) =>
        isSecureUrl(config.serverMetadata().end_session_endpoint ?? '')
          ? buildEndSessionUrl(config, { post_logout_redirect_uri: returnTo }).href
          : undefined,
      ),
  };
}

/** What a provider says of itself (OpenID Connect Discovery). @throws Error unless it says it for exactly this issuer */
async function discover(provider: Provider, fetch: PartyParts['fetch']): Promise<Configuration> {
  const { issuer, clientId, clientSecret, clientAuth } = provider;
  const authentication =
    clientSecret === undefined
      ? None()
      : clientAuth === 'basic'
        ? ClientSecretBasic(clientSecret)
        : ClientSecretPost(clientSecret);
  const config = await discovery(new URL(issuer), clientId, undefined, authentication, {
    [customFetch]: fetch,
    // Each address is held against our own rule: https, or this machine.
    execute: [allowInsecureRequests],
  });
  const metadata = config.serverMetadata();
  const { authorization_endpoint: authorize = '', token_endpoint: token = '' } = metadata;
  // The library lets some providers speak for many issuers; here each is one.
  if (metadata.issuer !== issuer) throw new TypeError('the discovery document is of another issuer');
  if (!isSecureUrl(authorize) || !isSecureUrl(token)) throw new TypeError('an endpoint is not https');
  return config;
}

interface Metadata {
  /** @throws SignInRefused `provider-unavailable` */
  get(): Promise<Configuration>;
}

/** Asked for with the first sign-in, one question at a time. */
function createMetadata(
  clock: Clock,
  ask: () => Promise<Configuration>,
  onTrouble: (error: unknown) => void,
): Metadata {
  // Never going back, as the age of keys.
  const nowMs = (): number => clock.micros() / 1000;
  let config: Configuration | undefined;
  let gotMs = Number.NEGATIVE_INFINITY;
  let askedMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  function refresh(): Promise<void> {
    if (asking !== undefined) return asking;
    if (nowMs() - askedMs < cooldownMs) return Promise.resolve();
    askedMs = nowMs();
    asking = ask()
      .then((got) => {
        config = got;
        gotMs = nowMs();
      }, onTrouble)
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  return {
    async get() {
      const ageMs = nowMs() - gotMs;
      if (!config || ageMs >= keptMs) await refresh();
      else if (ageMs >= freshMs) void refresh();
      if (!config || nowMs() - gotMs >= keptMs) throw new SignInRefused('provider-unavailable');
      return config;
    },
  };
}

/** By kinds and codes of the library's; never by a text of the provider's. */
function refusalOf(error: unknown): SignInRefused {
  if (error instanceof SignInRefused) return error;
  if (error instanceof AuthorizationResponseError)
    return new SignInRefused(
      error.error === 'access_denied' ? 'cancelled' : 'provider-refused',
      knownError(error.error),
    );
  if (error instanceof ResponseBodyError)
    return new SignInRefused(
      error.status >= 500 ? 'provider-unavailable' : 'provider-refused',
      knownError(error.error),
    );
  const code = (error as { code?: unknown }).code;
  return new SignInRefused(
    typeof code === 'string' && wrongAnswers.has(code) ? 'token-refused' : 'provider-unavailable',
  );
}

/** The errors of RFC 6749 and OpenID Connect Core by which operators find what is set wrongly. What else a provider says is its own affair. */
const knownErrors = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'server_error',
  'temporarily_unavailable',
  'access_denied',
  'login_required',
  'interaction_required',
  'consent_required',
];
const knownError = (text: string): string | undefined => knownErrors.find((each) => each === text);

/** An answer came, and it is not for us, not for this flow, or not what the protocol knows. */
const wrongAnswers = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_UNSUPPORTED_OPERATION',
]);
