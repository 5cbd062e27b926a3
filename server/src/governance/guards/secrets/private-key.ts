import { base64, equals, isOf, runEnd } from './characters.ts';
import type { Matcher, SecretKind, Tail } from './match.ts';

const privateKey: SecretKind = { name: 'private-key', what: 'a private key' };

/** A line such as `-----BEGIN RSA PRIVATE KEY-----` (RFC 7468 and its forerunners), with what comes before `BEGIN` already gone. */
const header = /BEGIN (?:[A-Z0-9]{1,12} )?(?:[A-Z0-9]{1,12} )?PRIVATE KEY(?: BLOCK)?-----/y;
const headerUnits = 56;
/** Headers of encrypted and OpenPGP keys. */
const field = /(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash):/y;
const fieldUnits = 12;
const footer = /-----END (?:[A-Z0-9]{1,12} )?(?:[A-Z0-9]{1,12} )?PRIVATE KEY(?: BLOCK)?-----/y;
const footerUnits = 60;

/** What stands between lines, also when the key is quoted, indented or written as a string with `\n` in it. */
const separators = ' \t\r\n\\"\'`>#|,*';
const separatorUnits = 16;
/** A first line this long is no word of prose about keys. */
const firstLineUnits = 24;

/** The trigger is `BEGIN `: the hyphens before it are no secret. */
export const matchPrivateKey: Matcher = (text, at, ended) => {
  if (!text.startsWith('-----', at - 5)) return undefined;
  const headerEnd = stickyEnd(header, text, at);
  if (headerEnd < 0) return ended || text.length - at >= headerUnits ? undefined : { wait: at };
  let from = headerEnd;
  while (from < headerEnd + separatorUnits && from < text.length && separators.includes(text.charAt(from))) {
    from++;
    // In a string, the line break is a backslash and a letter.
    if (text.charAt(from - 1) === '\\' && 'nr'.includes(text.charAt(from)) && from < text.length) from++;
  }
  const lineEnd = runEnd(text, from, base64, from + firstLineUnits);
  const begins = lineEnd - from === firstLineUnits;
  const hasFields = stickyEnd(field, text, from) > 0;
  if (begins || hasFields) return { kind: privateKey, start: at, end: from, tail: keyTail(hasFields) };
  const undecided = lineEnd === text.length || text.length - from < fieldUnits;
  return undecided && !ended ? { wait: at } : undefined;
};

/** Fields end at an empty line; where lines were joined, at the latest after so many units. */
const fieldsUnits = 400;

/** Until the footer, or else the first character that no key holds. */
function keyTail(hasFields: boolean): Tail {
  let fieldsLeft = hasFields ? fieldsUnits : 0;
  let lineBreaks = 0;
  const tail: Tail = {
    done: false,
    extend(text, from, ended) {
      let at = from;
      for (; at < text.length; at++) {
        const unit = text.charCodeAt(at);
        if (unit === hyphenUnit) {
          const end = stickyEnd(footer, text, at);
          if (end > 0) {
            tail.done = true;
            return end;
          }
          if (!ended && text.length - at < footerUnits && mayBeFooter(text, at)) return at;
        }
        if (fieldsLeft > 0) {
          fieldsLeft--;
          lineBreaks = unit === 0x0a ? lineBreaks + 1 : unit === 0x0d ? lineBreaks : 0;
          if (lineBreaks === 2) fieldsLeft = 0;
        } else if (!isOf(unit, base64 | equals) && !separators.includes(text.charAt(at))) {
          tail.done = true;
          return at;
        }
      }
      tail.done = ended;
      return at;
    },
  };
  return tail;
}

const hyphenUnit = 0x2d;
const footerStart = '-----END ';
const mayBeFooter = (text: string, at: number): boolean =>
  footerStart.startsWith(text.slice(at, at + footerStart.length)) || text.startsWith(footerStart, at);

/** Where a sticky expression's match at `at` ends, or -1. */
function stickyEnd(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : -1;
}
