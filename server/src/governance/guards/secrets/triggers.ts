import { assignmentMatcher } from './assignment.ts';
import { matchBasicCredentials } from './basic-credentials.ts';
import { base62, isOf } from './characters.ts';
import { matchJsonWebToken } from './json-web-token.ts';
import { type Found, firstOf, type Matcher, type Wait } from './match.ts';
import { matchPrivateKey } from './private-key.ts';
import { matchTelegramToken } from './telegram-token.ts';
import { tokenKinds, tokenMatcher } from './tokens.ts';
import { matchUrlPassword } from './url-password.ts';

/** A literal that stands in every secret of a kind: where it does not occur, nothing else is looked at. */
interface Trigger {
  readonly literal: string;
  /** How much of the literal would not be redacted, so that it need not wait for the rest. */
  readonly harmlessUnits: number;
  readonly match: Matcher;
}

const wordTriggers: readonly Trigger[] = [
  { literal: 'eyJ', harmlessUnits: 0, match: matchJsonWebToken },
  { literal: 'BEGIN ', harmlessUnits: 0, match: matchPrivateKey },
  ...['Basic ', 'basic '].map((literal) => ({ literal, harmlessUnits: 6, match: matchBasicCredentials })),
  ...tokenKinds.flatMap((kind) =>
    kind.prefixes.map((prefix) => ({
      literal: prefix,
      harmlessUnits: kind.keepsPrefix ? prefix.length : 0,
      match: tokenMatcher(kind, prefix),
    })),
  ),
];

/** By the literal's first unit, longer literals first: `sk-ant-` is no `sk-`. */
const byFirstUnit: (readonly Trigger[] | undefined)[] = Array.from({ length: 128 }, (_, unit) => {
  const own = wordTriggers.filter(({ literal }) => literal.charCodeAt(0) === unit);
  return own.length === 0 ? undefined : own.sort((a, b) => b.literal.length - a.literal.length);
});

/**
 * For three neighbouring units, by the low five bits of each: whether a word that begins a secret may begin with them, and whether the
 * third may be an operator. Hardly any three units of honest text are either, so one look in here passes over most characters.
 */
const mayBegin = 1;
const mayOperate = 2;
const lowBits = 0x1f;
const threeUnits = 0x7fff;
const colonUnit = 0x3a;
const equalsUnit = 0x3d;
const roles = Uint8Array.from({ length: threeUnits + 1 }, (_, three) => {
  const last = three & lowBits;
  return last === (colonUnit & lowBits) || last === (equalsUnit & lowBits) ? mayOperate : 0;
});
for (const { literal } of wordTriggers) {
  if (literal.length < 2 || /[:=]/.test(literal.slice(0, 3)))
    throw new Error(`secrets: "${literal}" must be two units or more, and no operator among the first three`);
  const two = ((literal.charCodeAt(0) & lowBits) << 10) | ((literal.charCodeAt(1) & lowBits) << 5);
  for (let third = 0; third <= lowBits; third++)
    if (literal.length === 2 || third === (literal.charCodeAt(2) & lowBits))
      roles[two | third] = (roles[two | third] ?? 0) | mayBegin;
}

export const isOperator = (unit: number): boolean => unit === colonUnit || unit === equalsUnit;

/** Whether a word that may begin a secret begins at `at`. */
export function beginsWord(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (!(unit < 128) || byFirstUnit[unit] === undefined) return false;
  return !isOf(text.charCodeAt(at - 1), base62) || followsEscape(text, at);
}

const backslash = 0x5c;
const percent = 0x25;
const smallU = 0x75;

/** Whether `\n`, `%3D` or `\u0022` stands before: in a string inside of a string, a word begins there. */
function followsEscape(text: string, at: number): boolean {
  return (
    text.charCodeAt(at - 2) === backslash ||
    text.charCodeAt(at - 3) === percent ||
    (text.charCodeAt(at - 6) === backslash && text.charCodeAt(at - 5) === smallU)
  );
}

/**
 * The next offset from `from` on where `matchWord` or `matchOperator` may have an answer, or the length of the text. The last two
 * units always may, since what they begin is still to come.
 */
export function nextTrigger(text: string, from: number): number {
  let three = 0;
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    three = ((three << 5) | (unit & lowBits)) & threeUnits;
    const role = roles[three];
    if (role === 0) continue;
    // No trigger has an operator in its first three units, so what begins between the two need not be looked at before it.
    if (at - 2 >= from && beginsWord(text, at - 2)) return at - 2;
    if (isOperator(unit)) return at;
  }
  return Math.max(from, text.length - 2);
}

/** What the word that begins at `at` turns out to be: the kinds that are known by their form. */
export const matchWord: Matcher = (text, at, ended) => {
  let answer: Found | Wait | undefined;
  for (const trigger of byFirstUnit[text.charCodeAt(at)] ?? []) {
    answer = firstOf(answer, behind(trigger, text, at, ended));
    if (answer && !('wait' in answer)) return answer;
  }
  return answer;
};

function behind(
  { literal, harmlessUnits, match }: Trigger,
  text: string,
  at: number,
  ended: boolean,
): Found | Wait | undefined {
  let same = 1;
  while (same < literal.length && text.charCodeAt(at + same) === literal.charCodeAt(same)) same++;
  if (same === literal.length) return match(text, at, ended);
  return at + same === text.length && !ended ? { wait: at + harmlessUnits } : undefined;
}

const matchAssignment = assignmentMatcher(matchWord);

/** What follows a `:` or `=` at `at`, judged by what stands before it. */
export const matchOperator: Matcher = (text, at, ended) => {
  const token = matchTelegramToken(text, at, ended);
  if (token && !('wait' in token)) return token;
  const orPassword = firstOf(token, matchUrlPassword(text, at, ended));
  if (orPassword && !('wait' in orPassword)) return orPassword;
  return firstOf(orPassword, matchAssignment(text, at, ended));
};
