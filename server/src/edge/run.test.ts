import { describe, expect, it } from 'vitest';
import {
  Exchange,
  Fault,
  newId,
  type Outlet,
  type RequestPath,
  type Route,
  type Step,
  systemClock,
} from '../kernel/index.ts';
import { createDeadline } from './deadline.ts';
import { runExchange } from './run.ts';
import { refusing } from './unreadable.ts';

/** What happened to an exchange on a path of these steps, in its order. */
async function run(steps: readonly Step[], refuse?: RequestPath['refuse']) {
  const told: string[] = [];
  const reply: Outlet = {
    head: ({ status }) => void told.push(`head ${status}`),
    frame: () => true,
    end: () => void told.push('end'),
    fail: (error) => void told.push(`failed ${error instanceof Fault ? error.code : 'otherwise'}`),
  };
  const route: Route = {
    ...refusing('internal', ''),
    answer: (_, outlet) => {
      told.push('answered');
      outlet.head({ status: 200, contentType: 'text/plain', streaming: false });
      outlet.end();
    },
  };
  const path: RequestPath = {
    admit: [...steps, { name: 'last', run: () => void told.push('last step') }],
    release: [],
    refuse: refuse ?? (async (_, { code }) => void told.push(`recorded ${code}`)),
  };
  const now = Date.now();
  const arrival = {
    method: 'GET',
    path: '/',
    query: '',
    params: {},
    headers: {},
    rawHeaders: [],
    address: '',
  };
  const x = new Exchange(newId('request', now), now, route, {
    ...arrival,
    body: async () => Buffer.alloc(0),
  });
  await runExchange({ path, clock: systemClock, deadline: createDeadline(50) }, x, reply);
  return { told, x };
}

describe('the request path', () => {
  it('answers once every step has let the exchange pass', async () => {
    const { told, x } = await run([{ name: 'first', run: async () => {} }]);
    expect(told).toEqual(['last step', 'answered', 'head 200', 'end']);
    expect(x.steps.map(({ name }) => name)).toEqual(['first', 'last']);
  });

  it.each<[string, Step['run'], string]>([
    [
      'throws a fault',
      () => {
        throw new Fault('policy-denied');
      },
      'policy-denied',
    ],
    [
      'throws what nobody expected',
      () => {
        throw new TypeError('a bug');
      },
      'internal',
    ],
    ['rejects', () => Promise.reject(new Fault('unavailable')), 'unavailable'],
    ['hangs', () => new Promise<void>(() => {}), 'unavailable'],
    [
      'judges and says nothing else',
      (x) => x.judge('block', { by: 'a guard', code: 'bad' }),
      'content-blocked',
    ],
    ['wants a person to decide', (x) => x.judge('hold', { by: 'a guard', code: 'odd' }), 'content-blocked'],
  ])(
    'is over for an exchange of which a step %s: denied, on record, and only then told',
    async (_, act, code) => {
      const { told, x } = await run([{ name: 'a step', run: act }]);
      const shown = code === 'internal' ? 'failed otherwise' : `failed ${code}`;
      expect(told).toEqual([`recorded ${code}`, shown]);
      expect(['block', 'hold']).toContain(x.decision);
      expect(x.reasons.length).toBeGreaterThan(0);
    },
  );

  it('shows the record’s own failure where a refusal could not be recorded', async () => {
    const denied: Step = {
      name: 'a step',
      run: () => {
        throw new Fault('policy-denied');
      },
    };
    const { told } = await run([denied], () => Promise.reject(new Fault('unavailable')));
    expect(told).toEqual(['failed unavailable']);
  });
});
