import { describe, expect, it } from 'vitest';
import { newId } from '../../kernel/index.ts';
import { handClock, nowMs, organization, otherTenant, tenant } from '../testing/test-issuer.ts';
import { createLastUsed } from './last-used.ts';
import type { KeyUse } from './ports.ts';

const [one, two] = [newId('key', 1), newId('key', 1)];

function setUp() {
  const clock = handClock();
  const written: (readonly KeyUse[])[] = [];
  const troubles: unknown[] = [];
  let broken = false;
  const lastUsed = createLastUsed({
    store: {
      async markUsed(_, uses) {
        if (broken) throw new Error('no database');
        written.push(uses);
      },
    },
    clock,
    onTrouble: (error) => troubles.push(error),
  });
  const breakIt = (is: boolean): void => {
    broken = is;
  };
  return { clock, written, troubles, lastUsed, breakIt, scope: { organization, tenant } };
}

describe('the last use of keys', () => {
  it('is written at a stop, by tenant, and each key once however often it was used', async () => {
    const { lastUsed, written, scope } = setUp();
    const [use, other] = [lastUsed.of(one, scope), lastUsed.of(two, { organization, tenant: otherTenant })];
    for (let i = 0; i < 100; i++) use(nowMs + i);
    other(nowMs);
    await lastUsed.service.stop();
    expect(written.map((uses) => uses.map(({ key, tenant: of, atMs }) => ({ key, of, atMs })))).toEqual([
      [{ key: one, of: tenant, atMs: nowMs }],
      [{ key: two, of: otherTenant, atMs: nowMs }],
    ]);
  });

  it('is noted once a minute at most, also of a key that is believed anew', async () => {
    const { lastUsed, written, scope } = setUp();
    lastUsed.of(one, scope)(nowMs);
    lastUsed.of(one, scope)(nowMs + 59_999);
    await lastUsed.service.stop();
    expect(written.flat()).toHaveLength(1);
    lastUsed.of(one, scope)(nowMs + 60_000);
    await lastUsed.service.stop();
    expect(written.flat().map(({ atMs }) => atMs - nowMs)).toEqual([0, 60_000]);
  });

  it('waits for a database that does not answer, and what is newer counts', async () => {
    const { lastUsed, written, troubles, breakIt, scope } = setUp();
    breakIt(true);
    const use = lastUsed.of(one, scope);
    use(nowMs);
    await lastUsed.service.stop();
    expect([written.length, troubles.length]).toEqual([0, 1]);
    breakIt(false);
    use(nowMs + 60_000);
    await lastUsed.service.stop();
    expect(written.flat().map(({ atMs }) => atMs - nowMs)).toEqual([60_000]);
  });
});
