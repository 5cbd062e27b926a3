import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { addressSettings, corsSettings, proxySettings, tlsSettings } from './edge/index.ts';
import { certificateSettings, issuerSettings, providersSettings } from './identity/index.ts';

/** Every setting: `vallum.yaml`, over which the environment has the last word. An unknown or wrong key stops the start. */

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const positive = (otherwise: number) => z.coerce.number().int().min(1).default(otherwise);
const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://');
const httpUrl = z.url({ protocol: /^https?$/ });
const section = <S extends z.ZodRawShape>(shape: S) => z.strictObject(shape).prefault({} as never);

const modelId = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\w.:/@-]+$/, 'letters, digits and . : / @ _ - only');

const provider = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -'),
  /** Up to and with the version: `https://api.openai.com/v1`. */
  base_url: httpUrl,
  api_key: z.string().min(1).optional(),
  models: z.array(z.strictObject({ id: modelId, upstream: modelId.optional() })).min(1),
  timeouts: section({
    connect_ms: positive(5_000),
    first_byte_ms: positive(60_000),
    between_bytes_ms: positive(60_000),
    total_ms: positive(600_000),
  }),
  connections: positive(256),
});

const settings = z.strictObject({
  data: z.string().min(1).default('./.vallum'),
  host: z.string().min(1).default('127.0.0.1'),
  port: port.default(8000),
  /** How others reach this server; also names the ledger's origin. */
  url: httpUrl.optional(),
  /** Plain HTTP where it is absent. */
  tls: tlsSettings.optional(),
  proxies: proxySettings,
  /** No page of another origin may call where it is absent. */
  cors: corsSettings.optional(),
  keys: section({
    /** Where the keyfile is; beside the data by default, never inside of it. */
    path: z.string().min(1).optional(),
    /** The explicit yes to a keyfile on this machine's disk with a database elsewhere. */
    keyfile_with_outside_database: flag.default(false),
  }),
  database: section({
    url: postgresUrl.optional(),
    /** For migrations, LISTEN and the ledger, which must not go through a transaction pooler. */
    direct_url: postgresUrl.optional(),
    /** Whom the embedded server runs as when Vallum is started by root. */
    user: z.string().min(1).optional(),
    connections: positive(8),
  }),
  ledger: section({
    /** Whether anybody may read checkpoints and tiles: commitments and hashes only. */
    public: flag.default(true),
    outstanding: positive(10_000),
    batch: positive(1_000),
    wait_ms: positive(5_000),
  }),
  identity: section({
    keys: section({
      /** Days after which an API key should be replaced. */
      rotation_days: positive(180),
    }),
    /** Whose JWTs are believed, and for how much. */
    issuers: z
      .array(issuerSettings)
      .max(32)
      .refine(
        (issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
        'each issuer is there once',
      )
      .default([]),
    /** Through whom people sign in. */
    providers: providersSettings,
    /** Whose client certificates stand for whom. The first that fits counts. */
    certificates: z.array(certificateSettings).max(100).default([]),
    /** Of people who signed in. */
    sessions: section({
      /** How long one may rest. */
      idle_minutes: z.coerce.number().int().min(5).max(1_440).default(30),
      /** How long one lasts at most. */
      absolute_hours: z.coerce.number().int().min(1).max(720).default(12),
      rate_per_minute: positive(600),
    }),
    passwords: section({
      /** Passwords that were breached, by hash and in its order, as `HASH:count` lines; see docs/guides/accounts.md. */
      breached_file: z.string().min(1).optional(),
    }),
  }),
  waf: section({
    /** What is done about attacks where an organization has set nothing: `detect` only puts them on record. */
    mode: z.enum(['block', 'detect']).default('block'),
    /** How long the rules may run on one request before it is refused unjudged. */
    budget_ms: positive(1_000),
  }),
  models: section({ rehearsal: flag.default(true), providers: z.array(provider).default([]) }),
  /** Who may come at all, by address. */
  addresses: addressSettings.prefault({}),
  limits: section({
    /** Requests of one address in five minutes without a valid credential. */
    anonymous_per_address: positive(1_000),
    /** Requests of one address in five minutes with one. */
    authenticated_per_address: positive(100_000),
    /** Requests of one tenant in a minute, by whatever credentials; as many as it likes where it is absent. */
    requests_per_minute_per_tenant: z.coerce.number().int().min(1).max(100_000_000).optional(),
    tokens_per_minute: positive(10_000_000),
    step_ms: positive(10_000),
    drain_ms: positive(8_000),
    /** Connections at once: all, and those of one address (IPv6: /64). */
    connections: positive(20_000),
    connections_per_address: positive(512),
    /** What the headers of a request may take, and what all of it may. */
    headers_ms: positive(15_000),
    request_ms: positive(30_000),
    /** How long a client may take nothing of what it is sent. */
    unread_ms: positive(60_000),
    /** Beyond either of these, requests are refused before anything is done with them. */
    loop_lag_ms: positive(1_000),
    running: positive(10_000),
    /** A process whose event loop does nothing for so long ends. */
    stall_ms: positive(30_000),
  }),
  log: section({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') }),
});

const configSchema = settings.refine(
  ({ identity, tls, proxies }) =>
    identity.certificates.length === 0 ||
    (tls && tls.client_certificates !== 'none') ||
    proxies.client_certificate_header !== undefined,
  {
    path: ['identity', 'certificates'],
    message:
      'nobody is asked for a certificate: set tls.client_certificates or proxies.client_certificate_header',
  },
);
export type Config = z.output<typeof configSchema>;

/** How others reach this server. @param listening the port that was given where any would do */
export function urlOf({ url, tls, host, port: wanted }: Config, listening = wanted): string {
  return url ?? `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${listening}`;
}

/** Variables and the settings that they give. Everything else is in `vallum.yaml`. */
const variables: Record<string, readonly [string, ...string[]]> = {
  VALLUM_DATA: ['data'],
  VALLUM_HOST: ['host'],
  VALLUM_PORT: ['port'],
  VALLUM_URL: ['url'],
  VALLUM_KEYS: ['keys', 'path'],
  VALLUM_DATABASE_URL: ['database', 'url'],
  VALLUM_DATABASE_DIRECT_URL: ['database', 'direct_url'],
  VALLUM_POSTGRES_USER: ['database', 'user'],
  VALLUM_LOG_LEVEL: ['log', 'level'],
};
/** Read elsewhere: which file holds the settings. */
const fileVariable = 'VALLUM_CONFIG';

/** Settings whose values are secrets, or hold one, by the last part of their path. */
const secretNames = new Set(['api_key', 'client_secret', 'url', 'direct_url']);

export interface LoadedConfig {
  readonly config: Config;
  /** Where each setting comes from, by its path: a file, a variable; absent for defaults. */
  readonly sources: ReadonlyMap<string, string>;
}

/** A setting that is wrong: where it stands, what it is and what is allowed. Never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError */
export function loadConfig(env: Readonly<Record<string, string | undefined>>, folder: string): LoadedConfig {
  const sources = new Map<string, string>();
  const file = path.resolve(folder, env[fileVariable] ?? 'vallum.yaml');
  if (env[fileVariable] && !existsSync(file))
    throw new ConfigError(`${fileVariable} names a file that is not there: ${file}`);
  const settings = existsSync(file) ? readYaml(file) : {};
  note(settings, [], file, sources);

  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('VALLUM_') || name === fileVariable || value === undefined) continue;
    const place = variables[name];
    if (!place)
      throw new ConfigError(
        `${name} is not a setting; known are ${[fileVariable, ...Object.keys(variables)].join(', ')}`,
      );
    put(settings, place, value);
    sources.set(place.join('.'), name);
  }

  const parsed = configSchema.safeParse(settings);
  if (parsed.success) return { config: parsed.data, sources };
  const lines = parsed.error.issues.map(({ path: at, message, ...issue }) => {
    const place = [...at, ...('keys' in issue ? [issue.keys[0]] : [])].join('.');
    const source = sources.get(place) ?? sources.get(at.join('.'));
    return `${place || 'the settings'}${source ? ` (from ${source})` : ''}: ${message}; it is ${typeOf(valueAt(settings, place))}`;
  });
  throw new ConfigError(lines.join('\n'));
}

function readYaml(file: string): Record<string, unknown> {
  let settings: unknown;
  try {
    settings = parseYaml(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError(
      `${file} cannot be read as YAML${cause instanceof Error ? `: ${cause.message.split('\n')[0]}` : ''}`,
    );
  }
  if (settings === null || settings === undefined) return {};
  if (!isRecord(settings))
    throw new ConfigError(`${file} must hold settings by name, and holds ${typeOf(settings)}`);
  return settings;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function note(value: unknown, at: readonly string[], source: string, sources: Map<string, string>): void {
  const inner = isRecord(value) || Array.isArray(value) ? Object.entries(value) : [];
  if (inner.length === 0) sources.set(at.join('.'), source);
  for (const [name, member] of inner) note(member, [...at, name], source, sources);
}

function put(
  settings: Record<string, unknown>,
  [name, ...rest]: readonly [string, ...string[]],
  value: string,
): void {
  const [next, ...more] = rest;
  if (next === undefined) {
    settings[name] = value;
    return;
  }
  const inner = isRecord(settings[name]) ? settings[name] : {};
  settings[name] = inner;
  put(inner, [next, ...more], value);
}

function valueAt(settings: unknown, place: string): unknown {
  let value = settings;
  for (const name of place.split('.'))
    value = isRecord(value) || Array.isArray(value) ? (value as Record<string, unknown>)[name] : undefined;
  return value;
}

const typeOf = (value: unknown): string =>
  value === undefined
    ? 'absent'
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? 'a list'
        : `a ${typeof value}`;

/** The settings in force, one a line, each with where it comes from; secrets are masked. */
export function describeConfig({ config, sources }: LoadedConfig): string {
  const lines: string[] = [];
  const walk = (value: unknown, at: readonly string[]): void => {
    if (isRecord(value) || (Array.isArray(value) && value.length > 0)) {
      for (const [name, member] of Object.entries(value)) walk(member, [...at, name]);
      return;
    }
    if (value === undefined) return;
    const place = at.join('.');
    const isSecret = at[0] === 'database' || at.length > 1 ? secretNames.has(at.at(-1) ?? '') : false;
    lines.push(
      `${place}: ${isSecret ? '********' : JSON.stringify(value)}  # ${sources.get(place) ?? 'default'}`,
    );
  };
  walk(config, []);
  return lines.join('\n');
}
