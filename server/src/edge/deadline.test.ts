import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createDeadline } from './deadline.ts';

const never = new Promise<void>(() => {});

describe('a deadline', () => {
  it('lets through what ends in time, as it ends', async () => {
    const deadline = createDeadline(60_000);
    await expect(deadline.hold(sleep(5), 'a step')).resolves.toBeUndefined();
    await expect(deadline.hold(Promise.reject(new Error('its own')), 'a step')).rejects.toThrow('its own');
  });

  it('ends what hangs, and says what hung', async () => {
    const deadline = createDeadline(50);
    await expect(deadline.hold(never, 'identity.authenticate')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'identity.authenticate passed its deadline of 50 ms',
    });
  });

  it('ends each on its own time, also when nothing ran for a while', async () => {
    const deadline = createDeadline(50);
    await expect(deadline.hold(never, 'first')).rejects.toThrow();
    await sleep(120);
    const second = deadline.hold(never, 'second');
    const third = sleep(10).then(() => deadline.hold(sleep(1), 'third'));
    await expect(third).resolves.toBeUndefined();
    await expect(second).rejects.toThrow();
  });
});
