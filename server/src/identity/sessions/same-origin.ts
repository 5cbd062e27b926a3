import { type Exchange, Fault } from '../../kernel/index.ts';

/**
 * Cross-site request forgery: a browser sends cookies along with what any page asks it to. So a request that changes something and is made by cookie must say that a page of ours made it:
 * `Sec-Fetch-Site` (W3C Fetch Metadata, which scripts cannot set), or, from older browsers, an `Origin` that is ours. One that says neither is refused.
 */
export interface SameOrigin {
  /** For requests that a cookie stands for. @throws Fault `cross-site` */
  check(x: Exchange): void;
  /** For requests that give a cookie, such as a sign-in: programs need not say anything, but pages of others are refused. @throws Fault `cross-site` */
  checkOpen(x: Exchange): void;
}

/** @param url how others reach this server, where it is configured; else what the request calls it is what `Origin` must name. */
export function createSameOrigin(url: string | undefined): SameOrigin {
  const configured = url === undefined ? undefined : new URL(url).origin;

  function isOurs(origin: string, host: string | undefined): boolean {
    if (configured !== undefined) return origin === configured;
    return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
  }

  /** Whether a page of ours made it; undefined where it does not say. */
  function saysSo({ arrival: { headers } }: Exchange): boolean | undefined {
    const site = headers['sec-fetch-site'];
    if (site !== undefined) return site === 'same-origin';
    const { origin, host } = headers;
    return origin === undefined ? undefined : typeof origin === 'string' && isOurs(origin, host as string);
  }

  return {
    check(x) {
      if (x.route.method === 'GET') return;
      if (saysSo(x) !== true) throw refused();
    },
    checkOpen(x) {
      if (saysSo(x) === false) throw refused();
    },
  };
}

const refused = (): Fault =>
  new Fault('cross-site', {
    detail:
      'Signed-in requests that change something must come from a page of this server, with Sec-Fetch-Site: same-origin or its Origin. Programs use an API key.',
  });
