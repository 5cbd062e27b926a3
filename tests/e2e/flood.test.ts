import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeKey } from '../support/administer.ts';
import { ask } from '../support/ask.ts';
import { user } from '../support/openai-client.ts';
import { tileClient } from '../support/tile-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* Whoever floods us is turned away, and cannot fill the ledger: an entry for each reason and minute, not for each request. */

/** Ten thousand requests and several restarts, on a machine that others use. */
vi.setConfig({ testTimeout: 120_000 });

const flooder = '127.0.0.9';
const connections = 32;

let vallum: Vallum;
beforeAll(async () => {
  vallum = await startVallum();
});
afterAll(() => vallum?.remove());

/** Does it so often, over some connections. @returns how often each came of it */
async function repeat(times: number, act: (i: number) => Promise<string>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < times; i = next++) {
      const outcome = await act(i);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return counts;
}

/** Entries in the log once the process has stopped, which seals what it has counted, and started again. */
async function sealedEntries(): Promise<number> {
  await vallum.stop();
  await vallum.start();
  return (await tileClient(vallum, vallum.secrets.ledgerPublicKey).checkpoint()).size;
}

/** Calendar minutes from then on. */
const minutesSince = (ms: number): number => Math.floor(Date.now() / 60_000) - Math.floor(ms / 60_000) + 1;

it('10,000 anonymous requests add at most one entry for each reason and minute', async () => {
  // What a restart alone adds, which is nothing to do with a flood.
  const quiet = await sealedEntries();
  const before = await sealedEntries();
  const ofRestart = before - quiet;
  const began = Date.now();

  const ways: readonly (() => Promise<{ status: number; json<T>(): T }>)[] = [
    () => ask(vallum, '/v1/models', { from: flooder }),
    () => ask(vallum, '/v1/models', { from: flooder, key: `vk_live_${'0'.repeat(49)}` }),
    () => ask(vallum, '/v1/chat/completions', { from: flooder, key: 'x', body: { any: 'thing' } }),
    () => ask(vallum, '/nowhere', { from: flooder }),
    () => ask(vallum, '/ledger/tile/none', { from: flooder }),
  ];
  const outcomes = await repeat(10_000, async (i) => {
    const { status, json } = (await ways[i % ways.length]?.()) ?? expect.unreachable();
    const { code, error } = json<{ code?: string; error?: { code: string } }>();
    return `${status} ${code ?? error?.code}`;
  });
  const reasons = [...outcomes.keys()].sort();
  expect(reasons).toEqual(['401 not-authenticated', '404 not-found', '429 rate-limited']);
  // The address was let in a thousand times, as configured, and no more; in flight there may be a few beyond it.
  const admitted = 10_000 - (outcomes.get('429 rate-limited') ?? 0);
  expect(admitted).toBeGreaterThanOrEqual(1_000);
  expect(admitted).toBeLessThanOrEqual(1_000 + connections);
  const minutes = minutesSince(began);

  // Who comes from elsewhere is served all the while.
  expect((await ask(vallum, '/v1/models', { key: vallum.secrets.apiKey })).status).toBe(200);

  const added = (await sealedEntries()) - before - ofRestart;
  expect(added).toBeGreaterThanOrEqual(reasons.length);
  expect(added).toBeLessThanOrEqual(reasons.length * minutes);
});

it('a key beyond its rate adds one entry a minute, not one for each refusal', async () => {
  const { key } = await makeKey(vallum, { ratePerMinute: 1 });
  const before = await sealedEntries();
  const ofRestart = (await sealedEntries()) - before;
  const body = { model: 'rehearsal', messages: [user('Hello')] };
  const began = Date.now();
  const outcomes = await repeat(500, async () =>
    String((await ask(vallum, '/v1/chat/completions', { key, body })).status),
  );
  const answered = outcomes.get('200') ?? 0;
  const minutes = minutesSince(began);
  expect(outcomes.get('429')).toBe(500 - answered);
  expect(answered).toBeLessThanOrEqual(1 + minutes);
  const added = (await sealedEntries()) - before - 2 * ofRestart;
  // Two entries of each call that was answered, and the tally.
  expect(added - 2 * answered).toBeGreaterThanOrEqual(1);
  expect(added - 2 * answered).toBeLessThanOrEqual(minutes);
});
