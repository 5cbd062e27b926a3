import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileWatch, watchFiles } from './watch-files.ts';

let folder: string;
let watch: FileWatch | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vallum-watch-'));
});
afterEach(() => {
  watch?.stop();
  rmSync(folder, { recursive: true });
});

/** Watches, and counts; resolves once it has had a first look. */
async function begin(...names: string[]): Promise<() => number> {
  let changes = 0;
  const files = names.map((name) => path.join(folder, name));
  watch = watchFiles(files, 20, () => {
    changes++;
  });
  watch.start();
  await sleep(200);
  return () => changes;
}
const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
const once = (changes: () => number, times = 1) =>
  expect.poll(changes, { timeout: 20_000, interval: 20 }).toBe(times);

describe('a file that is watched', () => {
  it('is seen to change when it is written, and when another is renamed onto it, again and again', async () => {
    write('a', '1');
    const changes = await begin('a');
    expect(changes()).toBe(0);
    write('a', '22');
    await once(changes);
    for (const times of [2, 3]) {
      write('new', `again ${times}`);
      renameSync(path.join(folder, 'new'), path.join(folder, 'a'));
      await once(changes, times);
    }
  });

  it('is seen to change when a link on the way to it is moved, as Kubernetes does', async () => {
    for (const name of ['one', 'two']) {
      mkdirSync(path.join(folder, name));
      write(`${name}/tls.crt`, name);
    }
    symlinkSync('one', path.join(folder, '..data'));
    symlinkSync('..data/tls.crt', path.join(folder, 'tls.crt'));
    const changes = await begin('tls.crt');
    symlinkSync('two', path.join(folder, '..new'));
    renameSync(path.join(folder, '..new'), path.join(folder, '..data'));
    await once(changes);
  });

  it('that is gone for a while is a change, and one more when it is there again', async () => {
    write('a', '1');
    const changes = await begin('a');
    rmSync(path.join(folder, 'a'));
    await once(changes);
    write('a', '1');
    await once(changes, 2);
  });

  it('is quiet while nothing happens to it', async () => {
    write('a', '1');
    const changes = await begin('a', 'never-there');
    await sleep(200);
    expect(changes()).toBe(0);
  });
});
