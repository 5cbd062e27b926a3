import { describe, expect, it } from 'vitest';
import type { Log } from '../../kernel/index.ts';
import { handClock } from '../testing/test-issuer.ts';
import { createMisplacedLog } from './misplaced-log.ts';
import { createTending } from './tending.ts';

function setUp(answers: (number | Error)[]) {
  const clock = handClock();
  const said: string[] = [];
  const log: Log = {
    info: () => {},
    warn: (event, { count, error, tenant } = {}) =>
      said.push(`${event} ${count ?? (error ? 'error' : '')} ${tenant ?? ''}`.trim()),
    error: () => {},
  };
  const asked: number[] = [];
  const tending = createTending({
    async tend(days) {
      asked.push(days);
      const answer = answers.shift() ?? 0;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    rotationDays: 180,
    clock,
    log,
  });
  /** One look. */
  async function look(): Promise<void> {
    await tending.start();
    await tending.stop();
  }
  return { clock, said, log, asked, tending, look };
}

describe('old keys', () => {
  it('are counted, and reminded of once a day with their number', async () => {
    const { tending, look, said, asked, clock } = setUp([3, 3, 4]);
    await look();
    await look();
    expect(tending.keysDue()).toBe(3);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/due for a rotation.* 3$/);
    clock.pass(24 * 3_600_000);
    await look();
    expect(said[1]).toMatch(/ 4$/);
    expect(asked).toEqual([180, 180, 180]);
  });

  it('are not spoken of where there are none, and a database that does not answer is no reason to stop', async () => {
    const { tending, look, said } = setUp([0, new Error('away'), 1]);
    await look();
    expect(said).toEqual([]);
    await look();
    expect(said).toEqual(['credentials could not be looked after error']);
    await look();
    expect(tending.keysDue()).toBe(1);
  });
});

describe('keys from where they may not be used', () => {
  it('are told of once a minute for each tenant, with how often they came', () => {
    const { clock, said, log } = setUp([]);
    const told = createMisplacedLog(log, clock);
    for (let i = 0; i < 5; i++) told('tnt_a');
    told('tnt_b');
    clock.pass(60_000);
    told('tnt_a');
    expect(said.map((line) => line.replace(/.* does not allow /, ''))).toEqual([
      '1 tnt_a',
      '1 tnt_b',
      '5 tnt_a',
    ]);
  });
});
