import { decodeEntities, decodeEscapes, decodePercent } from './decode.ts';
import { resolveLookups } from './lookups.ts';

/** What of a string may need another reading: nothing else is changed by any of them. */
const telling = /[%&\\$/*'"`^\s\p{Cc}\x80-\u{10ffff}]/u;
const rounds = 3;

/** The readings of one string: what libinjection and most rules see, and what a shell would. */
export interface Views {
  readonly texts: readonly string[];
  readonly shell: string | undefined;
}

/**
 * Decodes a string as the layers behind us might, each step in linear time. The first view is the string itself; the others are there only where they differ.
 */
export function viewsOf(text: string): Views {
  if (!telling.test(text)) return { texts: [text], shell: undefined };
  const texts = [text];
  const decoded = decode(text);
  // Full-width and other compatibility forms, which databases and file systems fold too.
  const plain = /[\x80-\uffff]/.test(decoded) ? decoded.normalize('NFKC') : decoded;
  const flat = foldBlanks(foldComments(plain));
  for (const view of [decoded, flat]) if (!texts.includes(view)) texts.push(view);
  const shell = asShell(flat);
  return { texts, shell: shell === flat ? undefined : shell };
}

/** Everything that is an encoding resolved, until nothing changes or three times over. */
function decode(text: string): string {
  let current = text;
  for (let round = 0; round < rounds; round++) {
    let next = current;
    if (next.includes('%')) next = decodePercent(next);
    if (next.includes('&')) next = decodeEntities(next);
    if (next.includes('\\')) next = decodeEscapes(next);
    if (next.includes('${')) next = resolveLookups(next);
    if (next === current) break;
    current = next;
  }
  return current;
}

/** Comments of SQL and C as a blank; what MySQL runs inside of one, bare. */
function foldComments(text: string): string {
  let opening = text.indexOf('/*');
  if (opening < 0) return text;
  let folded = '';
  let from = 0;
  while (opening >= 0) {
    const closing = text.indexOf('*/', opening + 2);
    const inner = text.slice(opening + 2, closing < 0 ? undefined : closing);
    folded += `${text.slice(from, opening)} ${/^[!+]/.test(inner) ? `${inner.replace(/^[!+]\d*/, '')} ` : ''}`;
    from = closing < 0 ? text.length : closing + 2;
    opening = closing < 0 ? -1 : text.indexOf('/*', from);
  }
  return folded + text.slice(from);
}

/** NUL and invisible characters out; each run of blanks as one. */
const foldBlanks = (text: string): string =>
  text
    .replaceAll('\0', '')
    .replace(/[\xad\u200b-\u200f\u2060\ufeff]/g, '')
    .replace(/[\s\p{Cc}]+/gu, ' ');

/** What is left when a shell has taken its quotes, escapes and empty expansions away. Unix and Windows alike: a superset of both is read. */
const asShell = (text: string): string =>
  text
    .replace(/\$\{?IFS(?:\$?\d|[^}]{0,20}\})?|%ProgramFiles:~\d+,\d+%/g, ' ')
    .replace(/\$[@*]|\$\{[@*!#?-]\}|\$\(\)|``/g, '')
    .replace(/['"\\^]/g, '');
