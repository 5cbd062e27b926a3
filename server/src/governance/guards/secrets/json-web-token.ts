import { base64url, dot, isOf, runEnd } from './characters.ts';
import { type Matcher, runTail, type SecretKind } from './match.ts';

const jsonWebToken: SecretKind = { name: 'json-web-token', what: 'a JSON web token' };

/** The header's first characters are enough: its members come early, and certificates in it can be long. */
const headerUnits = 96;
const members = ['"alg"', '"enc"', '"typ"', '"kid"', '"cty"', '"jku"', '"x5'];

/** JWS and JWE in compact form (RFC 7515, RFC 7516): base64url of a JSON header, a dot, and more. Base64 of other JSON is none. */
export const matchJsonWebToken: Matcher = (text, at, ended) => {
  const end = runEnd(text, at, base64url, at + headerUnits);
  const long = end - at === headerUnits;
  // A short header must be followed by a dot and a part of the token.
  const seen = long ? end : end + 2;
  if (!long && end < text.length && text.charAt(end) !== '.') return undefined;
  if (seen > text.length && !ended) return { wait: at };
  if (!long && !isOf(text.charCodeAt(end + 1), base64url | dot)) return undefined;
  const header = Buffer.from(text.slice(at, end), 'base64url').toString('latin1');
  if (!members.some((member) => header.includes(member))) return undefined;
  const belongs = (unit: number) => isOf(unit, base64url);
  return { kind: jsonWebToken, start: at, end, tail: runTail(belongs, (unit) => isOf(unit, dot)) };
};
