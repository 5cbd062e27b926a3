import type { Matcher, SecretKind } from './match.ts';
import { noTail } from './match.ts';

const urlPassword: SecretKind = { name: 'url-password', what: 'the password in a URL' };

const userUnits = 64;
const passwordUnits = 80;
/** Ends an authority (RFC 3986 section 3.2), or the text that a URL stands in. */
const ends = ' \t\r\n/?#"\'`<>\\(),|';
/** Begins a variable of a template: the password is put in elsewhere. */
const placeholders = '${<%*[@';

/** `scheme://user:password@host`: the trigger is the colon before the password, which alone is redacted. */
export const matchUrlPassword: Matcher = (text, at, ended) => {
  if (!followsUser(text, at)) return undefined;
  const from = at + 1;
  const limit = Math.min(text.length, from + passwordUnits);
  let lastAt = -1;
  let to = from;
  for (; to < limit; to++) {
    const character = text.charAt(to);
    if (ends.includes(character)) break;
    if (character === '@') lastAt = to;
  }
  if (to === text.length && to < from + passwordUnits && !ended) return { wait: from };
  if (lastAt <= from || placeholders.includes(text.charAt(from))) return undefined;
  return { kind: urlPassword, start: from, end: lastAt, tail: noTail() };
};

/** Whether `://`, then a user's name or nothing, stands before the colon. */
function followsUser(text: string, at: number): boolean {
  const first = Math.max(2, at - userUnits);
  let before = at - 1;
  while (before >= first && !endsUser(text.charCodeAt(before))) before--;
  return before >= first && text.startsWith('://', before - 2);
}

const endsUserTable = new Uint8Array(128);
for (const character of `${ends}:@`) endsUserTable[character.charCodeAt(0)] = 1;
const endsUser = (unit: number): boolean => unit < 128 && endsUserTable[unit] === 1;
