import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/index.ts';
import { createSharedRates } from './shared-rates.ts';
import { callerOf, exchangeOf } from './testing/rated-exchange.ts';
import { simulatedStore } from './testing/simulated-store.ts';
import { simulation } from './testing/simulation.ts';

function setUp(
  options: { perTenant?: number; namesKept?: number; travelMs?: number; broken?: () => boolean } = {},
) {
  const { travelMs = 1, broken = () => false, ...more } = options;
  const world = simulation();
  const store = simulatedStore({
    // In the middle of a slot.
    nowMs: () => 1_800_000_002_500 + world.now(),
    travel: () => world.pass(travelMs),
    fault: () => (broken() ? { error: new Fault('unavailable'), late: false } : undefined),
  });
  const rates = createSharedRates({ store, clock: world.clock(77), ...more });
  /** Asks at a time, and says what came of it. */
  const ask = (atMs: number, caller = callerOf(100)) => {
    const x = exchangeOf(caller);
    const answer = new Promise<Fault | undefined>((resolve) => {
      world.at(atMs, () => {
        const failed = (error: unknown) => resolve(error as Fault);
        try {
          const asking = rates.take(x);
          if (asking === undefined) resolve(undefined);
          else asking.then(() => resolve(undefined), failed);
        } catch (error) {
          failed(error);
        }
      });
    });
    return { x, answer };
  };
  return { world, store, ask };
}

describe('a key that is used', () => {
  it('asks the store once for many requests, and those who come together share the question', async () => {
    const { world, store, ask } = setUp();
    const all = Array.from({ length: 100 }, (_, i) => ask(i < 50 ? 0 : 10 * i));
    await world.run();
    for (const { answer } of all) expect(await answer).toBeUndefined();
    // 50 at once: one lease of five, one for those who were left over. The others five at a time.
    expect(store.asked()).toBeLessThanOrEqual(2 + 10);
  });

  it('says in each reply what is left, and when there will be more, as structured fields', async () => {
    const { world, ask } = setUp();
    const first = ask(0);
    const second = ask(1_000);
    await world.run();
    await Promise.all([first.answer, second.answer]);
    expect(first.x.replyHeaders).toEqual({
      'ratelimit-policy': '"key";q=100;w=60',
      ratelimit: '"key";r=99;t=63',
    });
    expect(second.x.replyHeaders?.ratelimit).toBe('"key";r=98;t=62');
  });

  it('is told that it has used up its rate, with the time until there is more, also in the reply', async () => {
    const { world, ask } = setUp();
    const caller = callerOf(2);
    const all = [ask(0, caller), ask(1, caller), ask(2_000, caller)];
    await world.run();
    const refusal = await all[2]?.answer;
    expect(refusal).toMatchObject({
      code: 'rate-limited',
      detail: 'This key may make 2 requests a minute.',
      retryAfterSeconds: 61,
    });
    expect(all[2]?.x.replyHeaders).toEqual({
      'ratelimit-policy': '"key";q=2;w=60',
      ratelimit: '"key";r=0;t=61',
    });
  });

  it('is refused without a question to the store until something can have changed: a flood costs nothing', async () => {
    const { world, store, ask } = setUp();
    const caller = callerOf(1);
    for (let i = 0; i < 200; i++) void ask(10 * i, caller).answer;
    await world.run();
    expect(store.asked()).toBe(1);
  });

  it('has a rate of its own: another key, and the same in another tenant, are not held by it', async () => {
    const { world, ask } = setUp();
    const used = [ask(0, callerOf(1)), ask(5, callerOf(1))];
    const others = [ask(10, callerOf(1, 2)), ask(10, callerOf(1, 1, 2))];
    await world.run();
    expect(await used[1]?.answer).toBeInstanceOf(Fault);
    for (const { answer } of others) expect(await answer).toBeUndefined();
  });

  it('is refused while the store does not answer, and let in when it does: what is not known denies', async () => {
    let broken = true;
    const { world, ask } = setUp({ broken: () => broken });
    const [during, after] = [ask(0), ask(100)];
    world.at(50, () => {
      broken = false;
    });
    await world.run();
    expect(await during.answer).toMatchObject({ code: 'unavailable' });
    expect(during.x.replyHeaders).toBeUndefined();
    expect(await after.answer).toBeUndefined();
  });

  it('is refused when leases come later than their slots end, and does not ask for ever', async () => {
    const { world, store, ask } = setUp({ travelMs: 6_000 });
    const { answer } = ask(0);
    await world.run();
    expect(await answer).toMatchObject({ code: 'unavailable' });
    expect(store.asked()).toBe(3);
  });
});

describe('the ceiling of a tenant', () => {
  it('holds all of its keys together, and takes nothing from a key that it refuses', async () => {
    const { world, ask } = setUp({ perTenant: 3 });
    const keys = [callerOf(100, 1), callerOf(100, 2), callerOf(100, 3)];
    const all = Array.from({ length: 9 }, (_, i) => ask(10 * i, keys[i % 3]));
    await world.run();
    const answers = await Promise.all(all.map(({ answer }) => answer));
    expect(answers.filter((answer) => answer === undefined).length).toBe(3);
    expect(answers.at(-1)).toMatchObject({
      code: 'rate-limited',
      detail: 'This tenant may make 3 requests a minute.',
      retryAfterSeconds: 63,
    });
    expect(all.at(-1)?.x.replyHeaders).toEqual({
      'ratelimit-policy': '"key";q=100;w=60, "tenant";q=3;w=60',
      ratelimit: '"key";r=99;t=63, "tenant";r=0;t=63',
    });
  });

  it('is not another tenant’s', async () => {
    const { world, ask } = setUp({ perTenant: 1 });
    const [first, second] = [ask(0, callerOf(100, 1, 1)), ask(0, callerOf(100, 1, 2))];
    await world.run();
    expect([await first.answer, await second.answer]).toEqual([undefined, undefined]);
  });
});

describe('the memory of rates', () => {
  it('is bounded: one that is forgotten asks anew, and what it had in hand counts as used', async () => {
    const { world, store, ask } = setUp({ namesKept: 2 });
    const all = [1, 2, 3, 1].map((key, i) => ask(10 * i, callerOf(20, key)));
    await world.run();
    for (const { answer } of all) expect(await answer).toBeUndefined();
    expect(store.asked()).toBe(4);
    expect(all[3]?.x.replyHeaders?.ratelimit).toBe('"key";r=18;t=63');
  });
});
