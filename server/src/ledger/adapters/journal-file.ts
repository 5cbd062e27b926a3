import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { NewEntry } from '../../kernel/index.ts';
import type { Journal } from '../ports.ts';

/** One small file per entry in a folder; its name is the entry's id, so that keeping it twice keeps it once. */
export function fileJournal(folder: string): Journal {
  const fileOf = ({ entry }: NewEntry): string => path.join(folder, `${entry.id}-${entry.phase}.json`);
  return {
    async keep(entry) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const temporary = `${fileOf(entry)}.new`;
      await using file = await open(temporary, 'w', 0o600);
      await file.writeFile(JSON.stringify(entry));
      await file.sync();
      await rename(temporary, fileOf(entry));
      await using directory = await open(folder, 'r');
      await directory.sync();
    },
    async drop(entry) {
      await rm(fileOf(entry), { force: true });
    },
    async kept() {
      const names = await readdir(folder).catch(() => []);
      const entries = names.filter((name) => name.endsWith('.json')).sort();
      return Promise.all(
        entries.map(async (name) => JSON.parse(await readFile(path.join(folder, name), 'utf8')) as NewEntry),
      );
    },
  };
}
