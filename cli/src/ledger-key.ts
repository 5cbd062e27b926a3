import { parseVkey, TlogError, type Vkey, vkeyOf } from '@vallum/contract/tlog';
import { plainText } from './plain-text.ts';
import { readInput } from './read-input.ts';
import { UsageError } from './usage-error.ts';

/**
 * The key that `--key` gives: itself, or a file that holds it as its only line or as `ledgerPublicKey` of bootstrap.json.
 * @param origin the log to trust it for. A deployment signs each year's log under another name with the same key, so whoever has the key
 * of one can name another; without it, only the log that the key names is accepted.
 * @throws UsageError when there is no such key
 */
export async function readKey(given: string, origin: string | undefined): Promise<Vkey> {
  // A path that has this form can be written with ./ before it.
  const isKey = /^[^+]+\+[0-9a-f]{8}\+/.test(given) && !given.startsWith('.');
  try {
    const key = parseVkey(isKey ? given : vkeyIn(given, await readInput('--key', given)));
    return origin === undefined ? key : vkeyOf(origin, key.publicKey);
  } catch (error) {
    if (error instanceof TlogError) throw new UsageError(`--key: ${error.message}`);
    throw error;
  }
}

function vkeyIn(file: string, text: string): string {
  if (text.trimStart().startsWith('{')) {
    const member = memberOf(text, 'ledgerPublicKey');
    if (typeof member === 'string') return member;
    throw new UsageError(`--key: ${plainText(file)} is no JSON with the key as its member ledgerPublicKey`);
  }
  const [line, ...more] = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  if (line === undefined || more.length > 0)
    throw new UsageError(`--key: ${plainText(file)} is not a file with one verifier key as its only line`);
  return line;
}

function memberOf(text: string, name: string): unknown {
  try {
    return (JSON.parse(text) as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
