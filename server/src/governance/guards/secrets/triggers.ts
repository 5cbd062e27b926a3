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

/** What a unit means to the search: whether it belongs to words, and whether something must be looked at. */
export const unitRole = { none: 0, word: 1, beginsSecret: 2, operator: 3 } as const;
const roles = Uint8Array.from({ length: 128 }, (_, unit) => {
  if (unit === 0x3a || unit === 0x3d) return unitRole.operator;
  if (!isOf(unit, base62)) return unitRole.none;
  return byFirstUnit[unit] ? unitRole.beginsSecret : unitRole.word;
});
export const roleOf = (unit: number): number => (unit < 128 ? (roles[unit] ?? unitRole.none) : unitRole.none);

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

const operatorMatchers: readonly Matcher[] = [matchTelegramToken, matchUrlPassword, matchAssignment];

/** What follows a `:` or `=` at `at`, judged by what stands before it. */
export const matchOperator: Matcher = (text, at, ended) =>
  operatorMatchers.reduce<Found | Wait | undefined>(
    (answer, match) => (answer && !('wait' in answer) ? answer : firstOf(answer, match(text, at, ended))),
    undefined,
  );
