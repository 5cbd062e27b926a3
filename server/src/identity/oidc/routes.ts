import { signInProviders } from '@vallum/contract';
import { z } from 'zod';
import { type Exchange, Fault, type RawReply, type Route, rawRoute } from '../../kernel/index.ts';
import { cookiesOf, type FlowCookies } from './flow-cookie.ts';
import type { RelyingParty } from './ports.ts';
import type { Provider } from './provider.ts';
import { returnTo } from './return-to.ts';
import type { SignIn } from './sign-in.ts';
import { SignInRefused } from './sign-in-refused.ts';

interface SignInRouteParts {
  readonly providers: readonly Provider[];
  readonly signIn: SignIn;
  readonly party: Pick<RelyingParty, 'signOutUrl'>;
  readonly flows: FlowCookies;
  readonly origin: () => string;
  /** Told why a sign-in did not come about: a reason, and a word of a standard's. */
  readonly onRefused: (reason: string, issuer: string) => void;
}

const params = z.strictObject({ provider: z.string() });
/** Providers add members of their own. */
const callbackQuery = z.record(z.string().max(200), z.string().max(8_192));

const redirect = (status: 302 | 303, location: string): RawReply => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  bytes: new Uint8Array(),
  headers: { location },
});

/** Sign-in through identity providers, as browsers go through it. */
export function providerRoutes({
  signIn,
  party,
  flows,
  origin,
  onRefused,
  ...parts
}: SignInRouteParts): Route[] {
  const providers = new Map(parts.providers.map((provider) => [provider.name, provider]));

  function named({ provider: name }: z.output<typeof params>): Provider {
    const provider = providers.get(name);
    if (!provider) throw new Fault('not-found', { detail: 'No such identity provider.' });
    return provider;
  }

  /** Counted as a refusal like any other of an unknown caller, and shown on our page: what the provider said stays here. */
  function refuse(x: Exchange, { issuer, name }: Provider, error: unknown): RawReply {
    if (!(error instanceof SignInRefused)) throw error;
    const { reason, hint } = error;
    onRefused(hint === undefined ? reason : `${reason} (${hint})`, issuer);
    x.judge('block', { by: 'identity.sign-in', code: reason });
    return redirect(303, `/sign-in?${new URLSearchParams({ error: reason, provider: name })}`);
  }

  return [
    rawRoute({
      method: 'GET',
      path: '/v1/sign-in/providers',
      action: 'open',
      summary: 'List the identity providers through which people can sign in',
      seals: 'none',
      async handle() {
        const data = parts.providers.map(({ name, title, rpLogout }) => ({
          name,
          title,
          sign_out: rpLogout,
        }));
        const text = JSON.stringify(signInProviders.parse({ data }));
        return { contentType: 'application/json', bytes: Buffer.from(text) };
      },
    }),
    rawRoute({
      method: 'GET',
      path: '/v1/sign-in/:provider',
      action: 'open',
      summary: 'Send a browser to an identity provider',
      seals: 'aggregate',
      params,
      query: z.strictObject({ return_to: returnTo }),
      async handle({ params: given, query, exchange }) {
        const provider = named(given);
        try {
          const known = cookiesOf(exchange.arrival.headers.cookie);
          const { location, cookies } = await signIn.begin(provider, query.return_to, known);
          exchange.carry({ 'set-cookie': cookies });
          return redirect(302, location);
        } catch (error) {
          return refuse(exchange, provider, error);
        }
      },
    }),
    rawRoute({
      method: 'GET',
      path: '/v1/sign-in/:provider/callback',
      action: 'open',
      summary: 'Take a browser back from an identity provider',
      seals: 'aggregate',
      params,
      query: callbackQuery,
      expects: new Map([['iss', new Set(parts.providers.map(({ issuer }) => issuer))]]),
      async handle({ params: given, query: { state = '' }, exchange }) {
        const provider = named(given);
        const { headers, query } = exchange.arrival;
        const cookies = cookiesOf(headers.cookie);
        // However it ends, it ends once.
        const over = flows.has(state, cookies) ? [flows.clear(provider.name, state)] : [];
        try {
          const { returnTo: location, cookie } = await signIn.finish(provider, {
            query,
            state,
            cookies,
            client: String(headers['user-agent'] ?? ''),
            request: exchange.id,
          });
          exchange.carry({ 'set-cookie': [cookie, ...over] });
          return redirect(303, location);
        } catch (error) {
          exchange.carry({ 'set-cookie': over });
          return refuse(exchange, provider, error);
        }
      },
    }),
    rawRoute({
      method: 'GET',
      path: '/v1/sign-in/:provider/sign-out',
      action: 'open',
      summary: 'Send a browser that has signed out here to sign out at its identity provider',
      seals: 'aggregate',
      params,
      async handle({ params: given, exchange }) {
        const provider = named(given);
        if (!provider.rpLogout) throw new Fault('not-found', { detail: 'This provider has no sign-out.' });
        try {
          return redirect(302, (await party.signOutUrl(provider, `${origin()}/sign-in`)) ?? '/sign-in');
        } catch (error) {
          return refuse(exchange, provider, error);
        }
      },
    }),
  ];
}
