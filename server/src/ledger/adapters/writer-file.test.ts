import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { writerFile } from './writer-file.ts';

it('remembers several, so that a start that is killed before it has fenced them does not hide those before it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'vallum-writer-'));
  try {
    const [first, second] = ['01a204a9-1922-72b1-9fcc-fb5b3e0bab14', '01a204a9-19ec-7f92-977f-a04d71286489'];
    expect(await writerFile(folder).previous()).toEqual([]);
    await writerFile(folder).remember(first, second);
    expect(await writerFile(folder).previous()).toEqual([first, second]);
    await writerFile(folder).remember(second);
    expect(await writerFile(folder).previous()).toEqual([second]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
