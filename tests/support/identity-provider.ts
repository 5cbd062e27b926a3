import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

/** Somebody whom the provider knows. */
export interface Person {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
  readonly groups?: unknown;
}

/** What a browser is sent there with, and what the token endpoint was asked for. */
export interface Seen {
  readonly tokenRequests: URLSearchParams[];
  /** How often the discovery document was asked for. */
  discoveries: number;
}

/** A real OpenID provider on loopback, at which whoever comes is the person of the moment: it asks for no password. */
export interface IdentityProvider {
  readonly url: string;
  readonly seen: Seen;
  /** Who signs in from now on; undefined for somebody who cancels. */
  person: Person | undefined;
  /** Begins to serve one application. */
  serve(client: ProviderClient): void;
  close(): Promise<void>;
}

interface ProviderClient {
  readonly redirectUri: string;
  readonly signedOutUri?: string;
  /** Whether claims come in the ID token, or from the user info endpoint alone. */
  readonly claimsInToken?: boolean;
  readonly secret?: string;
}

export const clientId = 'vallum';

/** Its own page asks others for fonts. */
const showForm = (ctx: { body?: unknown }, form: string): void => {
  ctx.body = `<!doctype html><title>Sign out</title>${form}`;
};

export async function startIdentityProvider(): Promise<IdentityProvider> {
  const keys = await Promise.all(
    (['RS256', 'ES256'] as const).map(async (alg) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true });
      return { ...(await exportJWK(privateKey)), kid: alg, alg, use: 'sig' };
    }),
  );
  let handle = (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(503).end();
  const server = createServer((request, response) => handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, Person>();
  const seen: Seen = { tokenRequests: [], discoveries: 0 };

  const idp: IdentityProvider = {
    url,
    seen,
    person: undefined,
    serve({ redirectUri, signedOutUri, claimsInToken = true, secret }) {
      const provider = new Provider(url, {
        clients: [
          {
            client_id: clientId,
            ...(secret ? { client_secret: secret } : { token_endpoint_auth_method: 'none' as const }),
            redirect_uris: [redirectUri],
            ...(signedOutUri && { post_logout_redirect_uris: [signedOutUri] }),
          },
        ],
        jwks: { keys },
        cookies: { keys: ['for tests'], names: { session: 'idp', interaction: 'idp_i', resume: 'idp_r' } },
        claims: {
          openid: ['sub'],
          email: ['email', 'email_verified'],
          profile: ['name'],
          groups: ['groups'],
        },
        scopes: ['openid', 'email', 'profile', 'groups'],
        conformIdTokenClaims: !claimsInToken,
        features: {
          devInteractions: { enabled: false },
          rpInitiatedLogout: { enabled: true, logoutSource: showForm },
        },
        interactions: { url: (_, { uid }) => `/interaction/${uid}` },
        ttl: {
          AccessToken: 600,
          AuthorizationCode: 60,
          IdToken: 600,
          Interaction: 600,
          Session: 600,
          Grant: 600,
        },
        async findAccount(_, sub) {
          const person = people.get(sub);
          return person && { accountId: sub, claims: async () => ({ ...person }) };
        },
      });
      const callback = provider.callback();
      handle = (request, response) => {
        if (request.url?.startsWith('/interaction/'))
          void interact(provider, request, response).catch((error: unknown) => {
            response.writeHead(500).end(String(error));
          });
        else {
          if (request.url?.includes('/.well-known/')) seen.discoveries += 1;
          if (request.url === '/token') noteBody(request, seen);
          void callback(request, response);
        }
      };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  /** What a person does there: says who they are and agrees, or goes back. */
  async function interact(
    provider: Provider,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { params, prompt } = await provider.interactionDetails(request, response);
    const { person } = idp;
    if (!person) {
      const refusal = { error: 'access_denied', error_description: '<b>provider text</b>' };
      await provider.interactionFinished(request, response, refusal);
      return;
    }
    people.set(person.sub, person);
    const grant = new provider.Grant({ accountId: person.sub, clientId: String(params.client_id) });
    grant.addOIDCScope(String(params.scope));
    const consent = { grantId: await grant.save() };
    // A session there that lasts would be the one of somebody before.
    const login = { accountId: person.sub, remember: false };
    await provider.interactionFinished(
      request,
      response,
      prompt.name === 'login' ? { login, consent } : { consent },
      { mergeWithLastSubmission: true },
    );
  }
  return idp;
}

function noteBody(request: IncomingMessage, { tokenRequests }: Seen): void {
  let text = '';
  request.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  request.on('end', () => tokenRequests.push(new URLSearchParams(text)));
}
