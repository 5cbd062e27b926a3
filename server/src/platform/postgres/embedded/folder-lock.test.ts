import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../testing/scratch.ts';
import { lockByFile, lockBySocket } from './folder-lock.ts';
import { identify } from './process-identity.ts';

for (const [kind, lock] of [
  ['a name in the kernel', (folder: string) => lockBySocket(folder, 'secret')],
  ['a file', (folder: string) => lockByFile(folder)],
] as const)
  describe(`the lock by ${kind}`, () => {
    it.skipIf(kind !== 'a file' && process.platform !== 'linux')(
      'is held once, and can be taken again',
      async () => {
        const folder = scratchFolder();
        const unlock = await lock(folder);
        await expect(lock(folder)).rejects.toThrow(`${folder} is in use by process ${process.pid}`);
        await (await lock(scratchFolder()))();
        await unlock();
        await (await lock(folder))();
      },
    );
  });

describe('the lock by a name in the kernel', () => {
  it('has a name that who cannot read the folder cannot guess, and so not take', async () => {
    const folder = scratchFolder();
    const unlock = await lockBySocket(folder, 'secret');
    await (await lockBySocket(folder, 'a guess'))();
    await unlock();
  });

  it('survives a caller that hangs up on it', async () => {
    const folder = scratchFolder();
    const unlock = await lockBySocket(folder, 'secret');
    const name = readFileSync('/proc/net/unix', 'utf8').match(/@(vallum-[0-9a-f]{64})/)?.[1];
    await new Promise<void>((resolve) => {
      const socket = net.connect(`\0${name}`, () => {
        socket.destroy();
        resolve();
      });
    });
    await expect(lockBySocket(folder, 'secret')).rejects.toThrow(`process ${process.pid}`);
    await unlock();
  });
});

describe('the lock by a file', () => {
  it('goes with its process: neither a dead one nor another with its number holds it', async () => {
    for (const holder of [
      { pid: 2 ** 22 + 1, startedAt: '1' },
      { pid: process.pid, startedAt: 'before the machine was started' },
    ]) {
      const folder = scratchFolder();
      writeFileSync(path.join(folder, 'lock'), JSON.stringify(holder));
      const unlock = await lockByFile(folder);
      expect(JSON.parse(readFileSync(path.join(folder, 'lock'), 'utf8'))).toEqual(identify(process.pid));
      await unlock();
      expect(existsSync(path.join(folder, 'lock'))).toBe(false);
    }
  });

  it('is not taken from a file that says nothing', async () => {
    const folder = scratchFolder();
    writeFileSync(path.join(folder, 'lock'), 'x');
    await expect(lockByFile(folder)).rejects.toThrow('delete it if no Vallum runs');
  });
});
