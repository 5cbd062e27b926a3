import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { scratchFolder } from '../testing/scratch.ts';
import { lastWords, pruneLogs, startLog } from './log-files.ts';

const newFolder = (files: Readonly<Record<string, string>>): string => {
  const folder = scratchFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
};

it('keeps the newest logs and whatever is not one', () => {
  const names = [1, 2, 3, 4, 5, 6, 7].map((day) => `postgresql-2026010${day}-000000.log`);
  const folder = newFolder({ ...Object.fromEntries(names.map((name) => [name, ''])), 'notes.txt': '' });
  mkdirSync(path.join(folder, 'postgresql-1.log.d'));
  pruneLogs(folder);
  expect(readdirSync(folder).sort()).toEqual(['notes.txt', 'postgresql-1.log.d', ...names.slice(2)].sort());
});

it('finds why the server ended in the newest log, else in what it said before it had one', () => {
  const logs = newFolder({
    'postgresql-20260101-000000.log': 'old FATAL:  older\n',
    'postgresql-20260102-000000.log': 'LOG:  begins\nFATAL:  no space\nLOG:  database system is shut down\n',
  });
  expect(lastWords(logs)).toBe('FATAL:  no space');
  expect(lastWords(newFolder({ [startLog]: 'x FATAL:  bad setting\n' }))).toBe('x FATAL:  bad setting');
  expect(lastWords(newFolder({}))).toBeUndefined();
});
