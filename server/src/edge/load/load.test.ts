import { describe, expect, it, onTestFinished } from 'vitest';
import { createLoad } from './load.ts';

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

function started(limits: Parameters<typeof createLoad>[0]) {
  const load = createLoad(limits);
  load.start();
  onTestFinished(() => load.stop());
  return load;
}

describe('a process', () => {
  it('has too much to do when so many exchanges run', () => {
    const load = started({ lagMs: 1_000_000, running: 3 });
    expect([0, 2, 3, 4].map((running) => load.isTooMuch(running))).toEqual([false, false, true, true]);
  });

  it('has too much to do while its loop is late time after time, and no more once it is not', async () => {
    const load = started({ lagMs: 100, running: 10 });
    await expect
      .poll(
        async () => {
          block(200);
          await turn();
          return load.isTooMuch(0);
        },
        { timeout: 20_000, interval: 1 },
      )
      .toBe(true);
    await expect.poll(() => load.isTooMuch(0), { timeout: 20_000, interval: 20 }).toBe(false);
  });

  it('does not turn anybody away for a loop that was late once', async () => {
    const load = started({ lagMs: 500, running: 10 });
    block(800);
    await turn();
    expect(load.isTooMuch(0)).toBe(false);
  });
});
