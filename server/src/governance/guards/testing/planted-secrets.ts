import { tokenChecksum } from '../secrets/checksum.ts';

/**
 * Made-up secrets of every kind, put together at run time so that no scanner takes this file for a leak.
 * `secret` is what must not be left, `text` what it stands in.
 */
export interface Planted {
  readonly kind: string;
  readonly text: string;
  readonly secret: string;
}

/** Numbers from a seed (mulberry32), so that a failing case can be repeated. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const small = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const base62 = digits + small.toUpperCase() + small;
const base64url = `${base62}-_`;
const hex = `${digits}abcdef`;

/** One of each kind, different for each seed. */
export function plantedSecrets(seed: number): Planted[] {
  const random = randomFrom(seed);
  const some = (alphabet: string, length: number) =>
    Array.from({ length }, () => alphabet.charAt(random(alphabet.length))).join('');
  // A digit and both cases, so that a drawn value cannot look like words by chance.
  const key = (length: number, alphabet = base62) => `a7Q${some(alphabet, length - 4)}z`;
  const checked = (length: number) => {
    const body = some(base62, length - 6);
    return body + tokenChecksum(body);
  };
  const bare = (kind: string, ...parts: string[]): Planted => {
    const secret = parts.join('');
    return { kind, text: secret, secret };
  };
  const inside = (kind: string, before: string, secret: string, after = ''): Planted => ({
    kind,
    text: before + secret + after,
    secret,
  });
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const pem = (label: string, lines: number, joint: string) =>
    [
      `BEGIN ${label}-----`,
      ...Array.from({ length: lines }, () => some(`${base62}+/`, 64)),
      `-----END ${label}-----`,
    ].join(joint);

  return [
    bare('anthropic-key', 'sk-', 'ant-api03-', key(95, base64url)),
    bare('openai-key', 'sk-', 'proj-', key(120, base64url)),
    bare('openai-key', 'sk', '-', key(48)),
    bare('openrouter-key', 'sk-', 'or-v1-', some(hex, 64)),
    bare('vallum-key', 'vk_', 'live_', some(base62, 49)),
    bare('vallum-key', 'vk_', 'stage_', some(base62, 49)),
    bare('vallum-key', 'v', 't_', some(base62, 49)),
    bare('github-token', 'gh', 'p_', checked(36)),
    bare('github-token', 'github', '_pat_', key(22), '_', key(59)),
    bare('npm-token', 'np', 'm_', checked(36)),
    bare('gitlab-token', 'glp', 'at-', key(20, base64url)),
    bare('aws-access-key-id', 'AK', 'IA', some('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)),
    bare('google-api-key', 'AI', 'za', key(35, base64url)),
    bare('google-oauth-secret', 'GOC', 'SPX-', key(28, base64url)),
    bare('slack-token', 'xo', 'xb-', some(digits, 12), '-', some(digits, 12), '-', key(24)),
    inside('slack-webhook', 'https://hooks.slack.com/services/', `T${key(8)}/B${key(8)}/${key(24)}`),
    inside(
      'discord-webhook',
      'https://discord.com/api/webhooks/',
      `${some(digits, 18)}/${key(68, base64url)}`,
    ),
    bare('stripe-key', 'sk', '_live_', key(24)),
    bare('pypi-token', 'py', 'pi-', 'AgEIcHlwaS5vcmc', key(150, base64url)),
    bare('sendgrid-key', 'S', 'G.', key(22, base64url), '.', key(43, base64url)),
    bare('twilio-key', 'S', 'K', some(hex, 32)),
    bare('hugging-face-token', 'h', 'f_', key(34)),
    bare('groq-key', 'gs', 'k_', key(52)),
    bare('digitalocean-token', 'dop', '_v1_', some(hex, 64)),
    bare('shopify-token', 'shp', 'at_', some(hex, 32)),
    bare('hashicorp-vault-token', 'hv', 's.', key(90, base64url)),
    inside('telegram-token', `1${some(digits, 8)}:`, `AA${key(33, base64url)}`),
    inside('authorization-token', 'Authorization: Token ', key(40)),
    inside('bearer-token', 'Authorization: Bearer ', key(40, base64url)),
    inside('basic-credentials', 'Authorization: Basic ', Buffer.from(`ada:${key(12)}`).toString('base64')),
    bare(
      'json-web-token',
      encoded({ alg: 'HS256', typ: 'JWT' }),
      '.',
      encoded({ sub: key(20) }),
      '.',
      key(43, base64url),
    ),
    bare(
      'json-web-token',
      encoded({ alg: 'RS256', kid: key(90), typ: 'JWT' }),
      '.',
      encoded({ sub: key(1500) }),
      '.',
      key(342, base64url),
    ),
    inside('private-key', '-----', pem('PRIVATE KEY', 1, '\n')),
    inside('private-key', '-----', pem('RSA PRIVATE KEY', 25, '\n')),
    inside('private-key', '"private_key": "-----', pem('PRIVATE KEY', 26, '\\n'), '"'),
    inside('url-password', 'postgres://app:', key(14), '@db.internal:5432/main'),
    inside('url-password', 'redis://:', key(30), '@cache:6379'),
    inside('password', 'password = ', `h${some(small, 6)}9!`),
    inside('password', '"DB_PASSWORD": "', key(20), '"'),
    inside('credential', 'api_key: ', key(32)),
    inside('credential', 'client_secret=', key(40, base64url)),
    inside('credential', 'aws_secret_access_key = ', key(40, `${base62}+/`)),
    inside('azure-storage-key', 'AccountName=a;AccountKey=', `${key(86, `${base62}+/`)}==`, ';'),
  ];
}
