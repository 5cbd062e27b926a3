import { describe, expect, it } from 'vitest';
import { createHashing } from './hashing.ts';

/** Work that ends when it is told to. */
function work() {
  const gate = Promise.withResolvers<string>();
  return { run: () => gate.promise, end: gate.resolve, fail: gate.reject };
}

describe('hashing passwords', () => {
  it('runs so many at a time, and those who wait in their order', async () => {
    const hashing = createHashing({ atOnce: 2, waiting: 8, waitingOfOne: 8 });
    const all = Array.from({ length: 5 }, work);
    const began: number[] = [];
    const done = all.map(({ run }, at) =>
      hashing.run('a', () => {
        began.push(at);
        return run();
      }),
    );
    await expect.poll(() => began).toEqual([0, 1]);
    all[1]?.end('one');
    expect(await done[1]).toBe('one');
    await expect.poll(() => began).toEqual([0, 1, 2]);
    all[0]?.fail(new Error('broken'));
    await expect(done[0]).rejects.toThrow('broken');
    await expect.poll(() => began).toEqual([0, 1, 2, 3]);
    for (const each of all) each.end('x');
    await Promise.all(done.slice(1));
    expect(began).toEqual([0, 1, 2, 3, 4]);
  });

  it('lets only so many wait, and fewer of one network, so that it keeps nobody else out', async () => {
    const hashing = createHashing({ atOnce: 1, waiting: 3, waitingOfOne: 2 });
    const first = work();
    const running = [hashing.run('flood', first.run)];
    for (let i = 0; i < 2; i += 1) running.push(hashing.run('flood', async () => 'flood'));
    const refused = { code: 'rate-limited', retryAfterSeconds: 3 };
    await expect(hashing.run('flood', async () => 'no')).rejects.toMatchObject(refused);
    running.push(hashing.run('other', async () => 'other'));
    await expect(hashing.run('third', async () => 'no')).rejects.toMatchObject(refused);
    first.end('first');
    expect(await Promise.all(running)).toEqual(['first', 'flood', 'flood', 'other']);
    // And afterwards there is room again, for whomever.
    expect(await hashing.run('flood', async () => 'again')).toBe('again');
  });
});
