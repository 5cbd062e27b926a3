import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { breachedPasswordsFile } from './breached-passwords-file.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vallum-breached-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (lines: readonly string[], end = '\n', name = `${lines.length}`): string => {
  const file = path.join(folder, name);
  writeFileSync(file, lines.length === 0 ? '' : lines.join(end) + end);
  return file;
};
async function started(file: string) {
  const breached = breachedPasswordsFile(file);
  await breached.start();
  return breached;
}
const sha1 = (text: string): string => hash('sha1', text).toUpperCase();
const sorted = (passwords: readonly string[], of = sha1): string[] =>
  passwords.map((each, at) => `${of(each)}:${(at * 7) % 90_000}`).sort();

describe('a file of breached passwords', () => {
  it('of a million is searched where it lies: each that is in it is found, and no other', async () => {
    const count = 1_000_000;
    // Each line's count says whose hash it is.
    const lines = Array.from({ length: count }, (_, at) => `${sha1(`password-${at}`)}:${at}`).sort();
    const breached = await started(fileOf(lines, '\r\n'));
    for (let at = 0; at < count; at += 9_973) {
      expect(await breached.has(`password-${at}`)).toBe(true);
      expect(await breached.has(`password-${at}x`)).toBe(false);
    }
    // The first and the last of the file.
    for (const line of [lines[0], lines.at(-1)])
      expect(await breached.has(`password-${line?.slice(41)}`)).toBe(true);
    await breached.stop();
  });

  it.each([1, 2, 3, 4, 5, 17, 64])('of %d is searched to both its ends', async (count) => {
    const passwords = Array.from({ length: count }, (_, at) => `p${at}`);
    for (const end of ['\n', '\r\n']) {
      const breached = await started(fileOf(sorted(passwords), end));
      for (const each of passwords) expect(await breached.has(each)).toBe(true);
      for (let at = 0; at < 50; at += 1) expect(await breached.has(`other-${at}`)).toBe(false);
      await breached.stop();
    }
  });

  it('may have SHA-256, lower case, no counts, or the first digits alone', async () => {
    const passwords = ['one', 'two', 'three'];
    const sha256 = (text: string) => hash('sha256', text);
    const forms = [
      sorted(passwords, sha256),
      passwords.map(sha256).sort(),
      passwords.map((each) => sha1(each).slice(0, 20)).sort(),
    ];
    for (const [at, lines] of forms.entries()) {
      const breached = await started(fileOf(lines, '\n', `form-${at}`));
      for (const each of passwords) expect(await breached.has(each)).toBe(true);
      expect(await breached.has('four')).toBe(false);
      await breached.stop();
    }
  });

  it('without a last end of line is read to its end', async () => {
    const file = path.join(folder, 'no-end');
    writeFileSync(file, sorted(['one', 'two', 'three']).join('\n'));
    const breached = await started(file);
    for (const each of ['one', 'two', 'three']) expect(await breached.has(each)).toBe(true);
    await breached.stop();
  });

  it.each([
    ['empty', []],
    ['passwords themselves', ['password', 'qwerty']],
    ['short hashes', ['ABCDEF:1', 'ABCDFF:2']],
    ['not in order', [`${'F'.repeat(40)}:1`, `${'0'.repeat(40)}:1`]],
    ['of two kinds', [`${'0'.repeat(40)}:1`, `${'F'.repeat(64)}:1`]],
  ])('that is %s stops the start, which says what it must have', async (name, lines) => {
    await expect(started(fileOf(lines, '\n', name))).rejects.toThrow();
  });

  it('that cannot be read any more says that nobody can tell', async () => {
    const breached = await started(fileOf(sorted(['one'])));
    await breached.stop();
    await expect(breached.has('one')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
