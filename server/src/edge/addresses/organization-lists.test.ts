import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/index.ts';
import { callerOf } from '../rates/testing/rated-exchange.ts';
import { createOrganizationLists } from './organization-lists.ts';
import type { ListEntry, OrganizationLists } from './ports.ts';

const entry = (cidr: string, expiresAtMs?: number): ListEntry => ({ cidr, expiresAtMs, note: undefined });

function setUp(first: Partial<OrganizationLists> = {}) {
  const state = { lists: first, asked: 0, broken: false, now: 1_000_000, refusals: [] as string[] };
  /** What the store has been asked and not answered. */
  let gate = Promise.resolve();
  let open = (): void => {};
  const lists = createOrganizationLists({
    store: {
      async read() {
        state.asked++;
        const found = { allow: [], deny: [], version: 1, updatedAt: undefined, ...state.lists };
        await gate;
        if (state.broken) throw new Fault('unavailable');
        return found;
      },
    },
    clock: { now: () => state.now, micros: () => state.now * 1_000 },
    refuse(list) {
      state.refusals.push(list);
      throw new Fault('address-refused');
    },
  });
  const check = async (address: string): Promise<string> => {
    try {
      await lists.check(callerOf(100), address);
      return 'passes';
    } catch (error) {
      return (error as Fault).code;
    }
  };
  return {
    ...state,
    state,
    lists,
    check,
    hold() {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    release: () => open(),
  };
}

describe("an organization's lists", () => {
  it('hold its callers: deny refuses, and allow refuses everybody else', async () => {
    const { check, state } = setUp({ allow: [entry('192.0.2.0/24')], deny: [entry('192.0.2.7')] });
    expect(await check('192.0.2.1')).toBe('passes');
    expect(await check('192.0.2.7')).toBe('address-refused');
    expect(await check('127.0.0.1')).toBe('address-refused');
    expect(state.refusals).toEqual(['organization:deny', 'organization:not-allowed']);
  });

  it('are asked for once in a minute, and once for all who wait', async () => {
    const { check, state } = setUp();
    expect(await Promise.all(Array.from({ length: 20 }, () => check('192.0.2.1')))).toEqual(
      Array.from({ length: 20 }, () => 'passes'),
    );
    await check('192.0.2.1');
    expect(state.asked).toBe(1);
    state.now += 60_000;
    await check('192.0.2.1');
    expect(state.asked).toBe(2);
  });

  it('are asked for again when they are forgotten, and an answer from before is kept by nobody', async () => {
    const { check, state, lists, hold, release } = setUp();
    hold();
    const early = check('192.0.2.1');
    state.lists = { deny: [entry('192.0.2.1')] };
    lists.forget();
    const late = check('192.0.2.1');
    release();
    expect(await early).toBe('passes');
    expect(await late).toBe('address-refused');
    expect(await check('192.0.2.1')).toBe('address-refused');
    expect(state.asked).toBe(2);
  });

  it('let nobody in while they cannot be read: what is not known denies', async () => {
    const { check, state } = setUp();
    state.broken = true;
    expect(await check('192.0.2.1')).toBe('unavailable');
    state.broken = false;
    expect(await check('192.0.2.1')).toBe('passes');
  });

  it('lose an entry when it is over, and not a minute later', async () => {
    const { check, state } = setUp({ deny: [entry('192.0.2.1', 1_005_000)] });
    expect(await check('192.0.2.1')).toBe('address-refused');
    state.now = 1_005_000;
    expect(await check('192.0.2.1')).toBe('passes');
  });

  it('let nobody in when the last of allow is over: a list that ends is not one that allows', async () => {
    const { check, state } = setUp({ allow: [entry('192.0.2.1', 1_005_000)] });
    expect(await check('192.0.2.1')).toBe('passes');
    state.now = 1_005_000;
    expect(await check('192.0.2.1')).toBe('address-refused');
  });
});
