import { base62, base64url, digit, isOf, runEnd, runStart } from './characters.ts';
import { type Matcher, runTail, type SecretKind } from './match.ts';
import { isVaried } from './randomness.ts';

const telegramToken: SecretKind = { name: 'telegram-token', what: 'a Telegram bot token' };

const secretUnits = 35;

/** Eight to ten digits of an id, a colon, and the secret: 35 characters that begin with `AA`. The trigger is the colon. */
export const matchTelegramToken: Matcher = (text, at, ended) => {
  const idUnits = at - runStart(text, at, digit, 11);
  if (idUnits < 8 || idUnits > 10 || isOf(text.charCodeAt(at - idUnits - 1), base62)) return undefined;
  const from = at + 1;
  const end = runEnd(text, from, base64url, from + secretUnits);
  if (!'AA'.startsWith(text.slice(from, Math.min(end, from + 2)))) return undefined;
  if (end - from < secretUnits) return end < text.length || ended ? undefined : { wait: from };
  if (!isVaried(text, from, end)) return undefined;
  return { kind: telegramToken, start: from, end, tail: runTail((unit) => isOf(unit, base64url)) };
};
