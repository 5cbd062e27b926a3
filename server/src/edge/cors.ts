import type { IncomingHttpHeaders } from 'node:http';
import { Fault, type Route } from '../kernel/index.ts';

export interface CorsSettings {
  /** Character by character: scheme, host, and port where it is not the scheme's. */
  readonly origins: readonly string[];
  readonly maxAgeSeconds: number;
}

/** What scripts of another origin may read of a reply. */
const exposed = [
  'x-vallum-request-id',
  'x-vallum-decision',
  'x-vallum-ledger-index',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'x-should-retry',
  'server-timing',
].join(', ');

/** Names of headers, as many as a client library sends. */
const headerNames = /^[\w!#$%&'*+.^`|~-]{1,64}(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]{1,64}){0,63}$/;

export interface Cors {
  /** Goes with every reply: which it is depends on who asked. */
  headers(request: IncomingHttpHeaders): Record<string, string>;
  /** The route that answers a preflight, from an origin that is on the list. */
  preflight(method: string | undefined, request: IncomingHttpHeaders): Route | undefined;
}

/**
 * Which pages of other origins may call us (Fetch standard, section 3.2). Exact origins; never with cookies: a page of another origin calls with a key, or not at all.
 */
export function createCors({ origins, maxAgeSeconds }: CorsSettings): Cors {
  const known = new Set(origins);
  const isKnown = (origin: string | undefined): origin is string => origin !== undefined && known.has(origin);
  return {
    headers: ({ origin }) =>
      isKnown(origin)
        ? {
            vary: 'Origin',
            'access-control-allow-origin': origin,
            'access-control-expose-headers': exposed,
          }
        : { vary: 'Origin' },
    preflight(method, request) {
      if (method !== 'OPTIONS' || !isKnown(request.origin)) return undefined;
      if (request['access-control-request-method'] === undefined) return undefined;
      return preflightRoute(request['access-control-request-headers'], maxAgeSeconds);
    },
  };
}

/** No credential is asked for: a browser sends none with it. */
const preflightRoute = (wanted: string | undefined, maxAgeSeconds: number): Route => ({
  method: 'GET',
  path: '*',
  action: 'open',
  summary: 'Whether a page of another origin may send a request',
  api: 'vallum',
  seals: 'none',
  bodyBytes: 0,
  answer(_, outlet) {
    if (wanted !== undefined && !headerNames.test(wanted))
      throw new Fault('input-invalid', {
        detail: 'headers: Access-Control-Request-Headers must be names of headers.',
      });
    outlet.head({
      status: 200,
      contentType: 'text/plain',
      streaming: false,
      headers: {
        'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
        ...(wanted !== undefined && { 'access-control-allow-headers': wanted }),
        'access-control-max-age': String(maxAgeSeconds),
      },
    });
    outlet.end();
  },
});
