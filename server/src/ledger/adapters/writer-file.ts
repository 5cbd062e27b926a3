import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';

/**
 * Remembers which writer last used a data directory. Only one process uses it at a time, so whoever starts on it knows that the one before is dead.
 */
export function writerFile(folder: string) {
  const file = path.join(folder, 'writer');
  return {
    async previous(): Promise<string[]> {
      const text = await readFile(file, 'utf8').catch(() => '');
      const writer = text.trim();
      return /^[0-9a-f-]{36}$/.test(writer) ? [writer] : [];
    },
    async remember(writer: string): Promise<void> {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await using handle = await open(`${file}.new`, 'w', 0o600);
      await handle.writeFile(`${writer}\n`);
      await handle.sync();
      await rename(`${file}.new`, file);
    },
  };
}
