import { describe, expect, it } from 'vitest';
import { type Caller, Exchange, Fault, newId, rawRoute } from '../kernel/index.ts';
import { createStanding } from './standing.ts';

const caller: Caller = {
  principal: { type: 'service', id: newId('key', 1) },
  organization: newId('organization', 1),
  tenant: newId('tenant', 1),
  environment: 'production',
  scopes: [],
  roles: [],
  credential: { kind: 'key', id: 'key_1' },
  ratePerMinute: 1,
};
const route = rawRoute({
  method: 'GET',
  path: '/x',
  action: 'x',
  summary: 'For this test',
  seals: 'none',
  handle: async () => ({ contentType: 'text/plain', bytes: Buffer.alloc(0) }),
});

function setUp() {
  const now = { generation: 1, confirmed: true };
  const running: Exchange[] = [];
  /** What finding callers again says; each may also move the generation. */
  const answers: (() => void)[] = [];
  const done: string[] = [];
  const standing = createStanding({
    control: { generation: () => now.generation, confirmed: () => now.confirmed },
    async again(x) {
      const { generation } = now;
      done.push('found');
      answers.shift()?.();
      x.generation = generation;
    },
    authorize: () => void done.push('authorized'),
    running: () => running,
    within: (working) => working,
  });
  /** One that has a caller since this generation. */
  function exchange(generation: number): Exchange & { readonly ended: string[] } {
    const x = new Exchange(newId('request', 1), 1, route, {} as never);
    x.caller = caller;
    x.generation = generation;
    const ended: string[] = [];
    x.revoke = ({ code }) => void ended.push(code);
    running.push(x);
    return Object.assign(x, { ended });
  }
  return { standing, now, answers, done, exchange, running };
}

const refuse = (): never => {
  throw new Fault('not-authenticated');
};

describe('an exchange', () => {
  it('stands as long as nothing moved and the database confirms that; one without a caller always does', () => {
    const { standing, now, exchange } = setUp();
    const x = exchange(1);
    expect(standing.holds(x)).toBe(true);
    now.confirmed = false;
    expect(standing.holds(x)).toBe(false);
    now.confirmed = true;
    now.generation = 2;
    expect(standing.holds(x)).toBe(false);
    x.endsItself = true;
    expect(standing.holds(x)).toBe(true);
    x.endsItself = false;
    x.caller = undefined;
    expect(standing.holds(x)).toBe(true);
  });

  it('is renewed by finding its caller and asking policy, and again when something moved meanwhile', async () => {
    const { standing, now, answers, done, exchange } = setUp();
    const x = exchange(1);
    now.generation = 2;
    answers.push(() => {
      now.generation = 3;
    });
    await standing.renew(x);
    expect(done).toEqual(['found', 'authorized', 'found', 'authorized']);
    expect(standing.holds(x)).toBe(true);
  });

  it('is refused with what its caller is refused with', async () => {
    const { standing, answers, exchange } = setUp();
    answers.push(refuse);
    await expect(standing.renew(exchange(0))).rejects.toMatchObject({ code: 'not-authenticated' });
  });
});

describe('a sweep', () => {
  it('ends those whose callers are gone or cannot be asked for, and leaves the others and what is on its way in', async () => {
    const { standing, now, answers, exchange } = setUp();
    now.generation = 2;
    const [gone, unknown, good, itself, current, entering] = [1, 1, 1, 1, 2, 1].map(exchange);
    if (entering) entering.revoke = undefined;
    if (itself) itself.endsItself = true;
    answers.push(
      // The last is asked for first.
      () => {},
      () => {
        throw new Error('the database does not answer');
      },
      refuse,
    );
    standing.sweep();
    await expect
      .poll(() => [gone, unknown, good].map((x) => x?.ended))
      .toEqual([['not-authenticated'], ['internal'], []]);
    expect([good?.generation, current?.generation]).toEqual([2, 2]);
    expect([itself, current, entering].map((x) => x?.ended)).toEqual([[], [], []]);
  });

  it('goes on until nothing has moved since it looked', async () => {
    const { standing, now, answers, exchange } = setUp();
    now.generation = 2;
    const x = exchange(1);
    const late = exchange(2);
    answers.push(() => {
      now.generation = 3;
    }, refuse);
    standing.sweep();
    standing.sweep();
    await expect.poll(() => late.generation).toBe(3);
    expect([x.ended, late.ended]).toEqual([['not-authenticated'], []]);
  });

  it('asks four at a time at most: others need the database too', async () => {
    const { standing, now, exchange, running } = setUp();
    now.generation = 2;
    for (let i = 0; i < 50; i++) exchange(1);
    let [asking, most] = [0, 0];
    const crowd = createStanding({
      control: { generation: () => now.generation, confirmed: () => true },
      async again(x) {
        most = Math.max(most, ++asking);
        await new Promise((resolve) => setImmediate(resolve));
        asking--;
        x.generation = 2;
      },
      authorize: () => {},
      running: () => running,
      within: (working) => working,
    });
    crowd.sweep();
    await expect.poll(() => running.every((x) => x.generation === 2)).toBe(true);
    expect(most).toBe(4);
    expect(running.every((x) => standing.holds(x))).toBe(true);
  });
});
