import { base64, equals, isOf, runEnd } from './characters.ts';
import { type Matcher, runTail, type SecretKind } from './match.ts';

const basicCredentials: SecretKind = {
  name: 'basic-credentials',
  what: 'a user name and password for HTTP basic authentication',
};

const prefix = 'Basic ';
const decisiveUnits = 48;
const printable = /^[\x20-\x7e]{4,36}$/;

/** RFC 7617: base64 of `user:password`. Words after "Basic" decode to noise. */
export const matchBasicCredentials: Matcher = (text, at, ended) => {
  const from = at + prefix.length;
  const end = runEnd(text, from, base64, from + decisiveUnits);
  if (end === text.length && end - from < decisiveUnits && !ended) return { wait: from };
  if (end - from < 8) return undefined;
  const decoded = Buffer.from(text.slice(from, end), 'base64').toString('latin1');
  if (!printable.test(decoded) || !decoded.includes(':')) return undefined;
  const belongs = (unit: number) => isOf(unit, base64 | equals);
  return { kind: basicCredentials, start: from, end, tail: runTail(belongs) };
};
