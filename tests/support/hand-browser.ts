import { type Answer, ask } from './ask.ts';

/** A browser as far as sign-in needs one: cookies by origin and path, and redirects that are followed one by one, so that a test can look between them. */
export interface HandBrowser {
  /** One request; keeps the cookies that it answers with. */
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Follows redirects until an answer is none, or `until` says of an address that it is not to be asked for. */
  follow(
    url: string,
    until?: (next: URL) => boolean,
  ): Promise<{ readonly url: URL; readonly answer?: Answer }>;
  /** The cookies that go to an address. */
  cookies(url: string): { readonly name: string; readonly value: string }[];
  setCookie(origin: string, line: string): void;
}

interface Kept {
  readonly origin: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

export function handBrowser(): HandBrowser {
  let jar: Kept[] = [];

  function setCookie(origin: string, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const of = (attribute: string): string | undefined =>
      attributes.find((each) => each.toLowerCase().startsWith(`${attribute}=`))?.split('=')[1];
    const path = of('path') ?? '/';
    jar = jar.filter((kept) => kept.origin !== origin || kept.name !== name || kept.path !== path);
    const isOver = of('max-age') === '0' || Date.parse(of('expires') ?? '9999-01-01') <= Date.now();
    if (!isOver) jar.push({ origin, path, name, value });
  }

  const cookies = (url: string): Kept[] => {
    const { origin, pathname } = new URL(url);
    return jar.filter(
      ({ origin: of, path }) =>
        of === origin && (pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)),
    );
  };

  async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { origin, pathname, search } = new URL(url);
    const cookie = cookies(url)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const answer = await ask({ url: origin }, pathname + search, {
      headers: { ...(cookie && { cookie }), ...headers },
    });
    for (const line of answer.headers['set-cookie'] ?? []) setCookie(origin, line);
    return answer;
  }

  return {
    get,
    setCookie,
    cookies,
    async follow(first, until = () => false) {
      let url = new URL(first);
      for (let hops = 0; hops < 20; hops += 1) {
        if (until(url)) return { url };
        const answer = await get(url.href);
        const { location } = answer.headers;
        if (location === undefined) return { url, answer };
        url = new URL(location, url);
      }
      throw new Error(`redirects without end at ${url.origin}${url.pathname}`);
    },
  };
}
