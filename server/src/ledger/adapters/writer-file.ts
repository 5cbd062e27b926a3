import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';

/**
 * Remembers which writers used a data directory. Only one process uses it at a time, so whoever starts on it knows that those before are dead.
 */
export function writerFile(folder: string) {
  const file = path.join(folder, 'writer');
  return {
    async previous(): Promise<string[]> {
      const text = await readFile(file, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => /^[0-9a-f-]{36}$/.test(line));
    },
    async remember(...writers: readonly string[]): Promise<void> {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await using handle = await open(`${file}.new`, 'w', 0o600);
      await handle.writeFile(writers.map((writer) => `${writer}\n`).join(''));
      await handle.sync();
      await rename(`${file}.new`, file);
    },
  };
}
