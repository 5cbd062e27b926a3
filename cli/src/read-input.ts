import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { plainText } from './plain-text.ts';
import { UsageError } from './usage-error.ts';

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EISDIR: 'it is a folder',
};

/**
 * The text of a file, or of standard input for `-`.
 * @param option names the option in errors
 * @throws UsageError when it cannot be read, or is not UTF-8: bytes that stand for no text would be read as others.
 */
export async function readInput(option: string, file: string): Promise<string> {
  const bytes = await (file === '-' ? buffer(process.stdin) : readFile(file)).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new UsageError(`${option}: cannot read ${plainText(file)}: ${reasons[code] ?? code}`);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`${option}: ${plainText(file)} is not text in UTF-8`);
  }
}
