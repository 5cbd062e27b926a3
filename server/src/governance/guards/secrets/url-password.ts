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
  for (let before = at - 1; before >= Math.max(2, at - userUnits); before--) {
    const character = text.charAt(before);
    if (character === '/') return text.charAt(before - 1) === '/' && text.charAt(before - 2) === ':';
    if (character === ':' || character === '@' || ends.includes(character)) return false;
  }
  return false;
}
