import { TokenRefused } from './refusal.ts';

/** A signed token before anything of it has been verified. */
export interface Unverified {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Longer than what issuers make; what is longer is refused before any of it is read. */
const longest = 8_192;

/**
 * Reads a JWS in compact form (RFC 7515, section 7.1), strictly: each part in its one spelling, each member once. What two readers could understand differently is refused.
 * @throws TokenRefused
 */
export function readCompact(token: string, limit = longest): Unverified {
  if (token.length > limit) throw new TokenRefused('too-long');
  const parts = token.split('.');
  // RFC 7516: a JWE has five.
  if (parts.length === 5) throw new TokenRefused('encrypted');
  const [header, claims, signature] = parts;
  if (parts.length !== 3 || !header || !claims || !signature) throw new TokenRefused('malformed');
  decode(signature);
  return { header: readObject(decode(header)), claims: readObject(decode(claims)) };
}

/** RFC 4648, section 5, without padding. Node's decoder skips what is not in the alphabet and ignores trailing bits, so one signature would have many spellings. */
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw new TokenRefused('malformed');
  return bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new TokenRefused('malformed', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TokenRefused('malformed');
  // `JSON.parse` keeps the last of two members with one name; each has a colon, and outside of strings nothing else does.
  const colons = text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
  if (membersOf(value) !== colons) throw new TokenRefused('duplicate-member');
  return value as Readonly<Record<string, unknown>>;
}

function membersOf(root: unknown): number {
  let count = 0;
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const inner = Object.values(value);
    if (!Array.isArray(value)) count += inner.length;
    open.push(...inner);
  }
  return count;
}
