import { base64, digit, isOf, lower, runEnd, upper } from './characters.ts';
import { type Matcher, noTail, type SecretKind } from './match.ts';

const awsSecretKey: SecretKind = { name: 'aws-secret-access-key', what: 'an AWS secret access key' };

/** A secret key has no form of its own, so it is looked for only so far after an access key id. */
export const awsSecretWithinUnits = 256;
const keyUnits = 40;

/** At a word's start: forty characters of base64 with capitals, small letters and digits, and nothing of base64 after them. */
export const matchAwsSecretKey: Matcher = (text, at, ended) => {
  const end = runEnd(text, at, base64, at + keyUnits + 1);
  if (end - at > keyUnits) return undefined;
  if (end === text.length && !ended) return { wait: at };
  if (end - at !== keyUnits) return undefined;
  let seen = 0;
  for (let offset = at; offset < end; offset++)
    for (const set of [digit, lower, upper]) if (isOf(text.charCodeAt(offset), set)) seen |= set;
  if (seen !== (digit | lower | upper)) return undefined;
  return { kind: awsSecretKey, start: at, end, tail: noTail() };
};
