import { readFileSync } from 'node:fs';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Target } from './target.ts';

const known = ['host', 'user', 'password', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'];
const modes = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof modes)[number];

const isLocal = (host: string): boolean =>
  host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);

/**
 * The target that a `postgresql://` URL names. Where it says nothing of TLS, a host that is not this machine must show a
 * certificate for its name (`verify-full`). `require` is encrypted but proves nothing about the other side, as in libpq;
 * `prefer` and `allow` are refused, since they fall back to plain text without a word.
 * @param source where the URL comes from, for the error; the URL itself holds a password and is never shown.
 * @throws Error that says what is wrong and what to write.
 */
export function parseDatabaseUrl(source: string, url: string): Target {
  const wrong = (what: string) => new Error(`${source}: ${what}`);
  const parsed = URL.parse(url);
  if (!parsed || !['postgresql:', 'postgres:'].includes(parsed.protocol))
    throw wrong(
      'write postgresql://user:password@host:5432/database, with special characters percent-encoded',
    );
  const parameters = new Map(parsed.searchParams);
  for (const name of parameters.keys())
    if (!known.includes(name))
      throw wrong(`the parameter ${name} is not known; known are ${known.join(', ')}`);

  const host = parameters.get('host') ?? decodeURIComponent(parsed.hostname).replaceAll(/^\[|\]$/g, '');
  const user = parameters.get('user') ?? decodeURIComponent(parsed.username);
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (host === '') throw wrong('the host is missing');
  if (host.includes(',')) throw wrong('name one host; a list of hosts is not supported');
  if (user === '') throw wrong('the user is missing');
  if (database === '') throw wrong('the database is missing: it is the path, as in /vallum');

  const mode = parameters.get('sslmode') ?? (isLocal(host) ? 'disable' : 'verify-full');
  if (!(modes as readonly string[]).includes(mode)) throw wrong(`sslmode is one of ${modes.join(', ')}`);
  const tls = host.startsWith('/') ? undefined : tlsOf(mode as Mode, parameters, wrong);
  return {
    host,
    port: parsed.port === '' ? 5432 : Number(parsed.port),
    database,
    user,
    password: parameters.get('password') ?? decodeURIComponent(parsed.password),
    ...(tls && { tls }),
  };
}

function tlsOf(
  mode: Mode,
  parameters: Map<string, string>,
  wrong: (what: string) => Error,
): TlsOptions | undefined {
  if (mode === 'disable') return undefined;
  const file = (name: string): Buffer | undefined => {
    const path = parameters.get(name);
    if (path === undefined || path === 'system') return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      throw wrong(`${name} names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  };
  const ca = file('sslrootcert');
  const cert = file('sslcert');
  const key = file('sslkey');
  return {
    rejectUnauthorized: mode !== 'require',
    // The chain is checked all the same; only the name is not.
    ...(mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
}
