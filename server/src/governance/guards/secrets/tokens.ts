import {
  base32,
  base62,
  base64,
  base64url,
  digit,
  dot,
  equals,
  hex,
  isOf,
  runEnd,
  underscore,
} from './characters.ts';
import { checksumUnits, endsInChecksum } from './checksum.ts';
import { type Matcher, runTail, type SecretKind } from './match.ts';
import { distinctIn, isVaried, looksRandom } from './randomness.ts';

/** Secrets that say what they are: a prefix, then characters of one set. This file is the list of them. */
export interface TokenKind extends SecretKind {
  /** Each stands in the text as it is here, at the start of a word. */
  readonly prefixes: readonly string[];
  /** How much of the prefix is not secret, and stays: all of it where it is an address. */
  readonly keepsPrefix?: true;
  readonly set: number;
  /** At least so many characters follow. */
  readonly min: number;
  /** Exactly `min` follow, then something that is no letter or digit. */
  readonly exact?: true;
  /** Says whether those first characters are a real secret; by default whether they vary. */
  readonly genuine?: (text: string, from: number, to: number) => boolean;
}

const always = () => true;

export const tokenKinds: readonly TokenKind[] = [
  {
    name: 'anthropic-key',
    what: 'an Anthropic API key',
    prefixes: ['sk-ant-'],
    set: base64url,
    min: 24,
  },
  {
    name: 'openai-key',
    what: 'an OpenAI API key',
    prefixes: ['sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-None-'],
    set: base64url,
    min: 24,
  },
  { name: 'openrouter-key', what: 'an OpenRouter key', prefixes: ['sk-or-v1-'], set: hex, min: 32 },
  {
    // Without hyphens: `sk-` begins names of style sheets and libraries too.
    name: 'openai-key',
    what: 'an OpenAI API key, or one of the many made like it',
    prefixes: ['sk-'],
    set: base62,
    min: 20,
    genuine: (text, from, to) => isVaried(text, from, to) && hasDigit(text, from, to),
  },
  {
    name: 'vallum-key',
    what: 'a Vallum API key, or a credential made from one',
    prefixes: ['vk_live_', 'vk_test_', 'vk_stage_', 'vt_'],
    set: base62,
    // 43 characters of the secret and 6 of its checksum.
    min: 43 + checksumUnits,
    genuine: always,
  },
  {
    name: 'github-token',
    what: 'a GitHub token',
    prefixes: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    set: base62,
    min: 36,
    genuine: endsInChecksum,
  },
  {
    name: 'github-token',
    what: 'a fine-grained GitHub token',
    prefixes: ['github_pat_'],
    set: base62 | underscore,
    min: 60,
  },
  {
    name: 'npm-token',
    what: 'an npm token',
    prefixes: ['npm_'],
    set: base62,
    min: 36,
    genuine: endsInChecksum,
  },
  {
    name: 'gitlab-token',
    what: 'a GitLab token',
    prefixes: [
      'glpat-',
      'gldt-',
      'glrt-',
      'glcbt-',
      'glptt-',
      'glft-',
      'glsoat-',
      'gloas-',
      'glagent-',
      'glimt-',
    ],
    set: base64url,
    min: 20,
  },
  {
    name: 'aws-access-key-id',
    what: 'an AWS access key id',
    prefixes: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    set: base32,
    min: 16,
    exact: true,
    // Capitals and few digits: not having them says nothing here.
    genuine: (text, from, to) => distinctIn(text, from, to) >= 7,
  },
  { name: 'google-api-key', what: 'a Google API key', prefixes: ['AIza'], set: base64url, min: 35 },
  {
    name: 'google-oauth-secret',
    what: 'a Google OAuth secret or token',
    prefixes: ['GOCSPX-', 'ya29.'],
    set: base64url,
    min: 24,
  },
  {
    name: 'slack-token',
    what: 'a Slack token',
    prefixes: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.xoxb-', 'xoxe.xoxp-', 'xapp-'],
    set: base64url,
    // Two numbers come first, and are not random enough to tell.
    min: 32,
  },
  {
    name: 'slack-webhook',
    what: 'the address of a Slack webhook',
    prefixes: ['hooks.slack.com/services/', 'hooks.slack.com/workflows/', 'hooks.slack.com/triggers/'],
    keepsPrefix: true,
    set: base64,
    min: 20,
  },
  {
    name: 'discord-webhook',
    what: 'the address of a Discord webhook',
    prefixes: ['discord.com/api/webhooks/', 'discordapp.com/api/webhooks/'],
    keepsPrefix: true,
    set: base64url | base64,
    min: 40,
  },
  {
    name: 'stripe-key',
    what: 'a Stripe key',
    prefixes: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'],
    set: base64,
    min: 20,
  },
  { name: 'pypi-token', what: 'a PyPI token', prefixes: ['pypi-AgE'], set: base64url, min: 50 },
  {
    name: 'sendgrid-key',
    what: 'a SendGrid key',
    prefixes: ['SG.'],
    set: base64url | dot,
    min: 60,
    genuine: (text, from, to) => text.charAt(from + 22) === '.' && isVaried(text, from, to),
  },
  { name: 'twilio-key', what: 'a Twilio key', prefixes: ['SK'], set: hex, min: 32, exact: true },
  { name: 'hugging-face-token', what: 'a Hugging Face token', prefixes: ['hf_'], set: base62, min: 30 },
  { name: 'groq-key', what: 'a Groq key', prefixes: ['gsk_'], set: base62, min: 40 },
  {
    name: 'digitalocean-token',
    what: 'a DigitalOcean token',
    prefixes: ['dop_v1_', 'doo_v1_', 'dor_v1_'],
    set: hex,
    min: 64,
  },
  {
    name: 'shopify-token',
    what: 'a Shopify token',
    prefixes: ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    set: base62,
    min: 32,
  },
  {
    name: 'hashicorp-vault-token',
    what: 'a HashiCorp Vault token',
    prefixes: ['hvs.', 'hvb.', 'hvr.'],
    set: base64url,
    min: 24,
  },
  {
    name: 'bearer-token',
    what: 'a bearer token',
    prefixes: ['Bearer ', 'bearer '],
    keepsPrefix: true,
    set: base64url | base64 | dot | equals,
    min: 20,
    genuine: (text, from, to) => isVaried(text, from, to) && hasDigit(text, from, to),
  },
  {
    name: 'authorization-token',
    what: 'a token for HTTP authorization',
    prefixes: ['Token ', 'token ', 'ApiKey ', 'Apikey '],
    keepsPrefix: true,
    set: base64url,
    min: 32,
    genuine: looksRandom,
  },
];

const hasDigit = (text: string, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) if (isOf(text.charCodeAt(at), digit)) return true;
  return false;
};

/** The matcher of one kind behind one of its prefixes. */
export function tokenMatcher(kind: TokenKind, prefix: string): Matcher {
  const { set, min, exact, genuine = isVaried } = kind;
  const secretFrom = kind.keepsPrefix ? prefix.length : 0;
  // Dots join the parts of some tokens; the one after a token ends a sentence.
  const inner = (unit: number) => isOf(unit, set & dot);
  const belongs = (unit: number) => isOf(unit, set & ~dot);
  return (text, at, ended) => {
    const from = at + prefix.length;
    const end = runEnd(text, from, set, from + min);
    const seesEnough = end < text.length || ended;
    if (end - from < min) return seesEnough ? undefined : { wait: at + secretFrom };
    if (!genuine(text, from, end)) return undefined;
    if (exact && !seesEnough) return { wait: at + secretFrom };
    if (exact && isOf(text.charCodeAt(end), base62)) return undefined;
    return { kind, start: at + secretFrom, end, tail: runTail(belongs, inner) };
  };
}
