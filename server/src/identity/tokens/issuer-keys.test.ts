import { describe, expect, it } from 'vitest';
import { keySetOf, setUpVerifier, signingKey, tokenOf } from '../testing/test-issuer.ts';

const first = signingKey('2026-01');
const second = signingKey('2026-02');
const stranger = signingKey('never-published');

const minuteMs = 60_000;

/** A verifier whose issuer publishes what the test says, and counts how often it is asked. */
function setUp() {
  const issuer = { says: (): Promise<string> | string => keySetOf(first), asked: 0 };
  const verifier = setUpVerifier({
    // What is about time here is the time of keys: tokens live long enough.
    settings: { max_age_s: 7 * 86_400 },
    fetchKeys: async () => {
      issuer.asked += 1;
      return issuer.says();
    },
  });
  const longLived = { exp: 4_000_000_000 };
  const status = (key = first, header: object = {}) =>
    verifier.find(tokenOf(key, longLived, header)).then(
      () => 'accepted',
      ({ code }: { code: string }) => code,
    );
  return { ...verifier, issuer, status };
}

describe('the keys of an issuer', () => {
  it('are asked for with its first token, once for all that come meanwhile, and not again for the next', async () => {
    const { issuer, status } = setUp();
    expect(issuer.asked).toBe(0);
    expect(await Promise.all([status(), status(), status()])).toEqual(['accepted', 'accepted', 'accepted']);
    expect(await status()).toBe('accepted');
    expect(issuer.asked).toBe(1);
  });

  it('are asked for again when a new key signs, which is then accepted, the old one too while it is published', async () => {
    const { issuer, status, clock } = setUp();
    await status();
    issuer.says = () => keySetOf(first, second);
    clock.pass(minuteMs);
    expect(await status(second)).toBe('accepted');
    expect(await status(first)).toBe('accepted');
    expect(issuer.asked).toBe(2);
  });

  it('are not believed any more when their issuer has withdrawn them', async () => {
    const { issuer, status, clock } = setUp();
    await status();
    issuer.says = () => keySetOf(second);
    clock.pass(6 * minuteMs);
    await status(second);
    expect(await status(first)).toBe('not-authenticated');
  });

  it('are asked for at most once in 30 seconds, whoever invents how many key ids', async () => {
    const { issuer, status, clock } = setUp();
    await status();
    const flood = () =>
      Promise.all(Array.from({ length: 200 }, (_, i) => status(stranger, { kid: `invented-${i}` })));
    for (let second = 0; second < 90; second += 10) {
      expect(new Set(await flood())).toEqual(new Set(['not-authenticated']));
      expect(await status()).toBe('accepted');
      clock.pass(10_000);
    }
    expect(issuer.asked).toBeLessThanOrEqual(1 + 3);
    expect(issuer.asked).toBeGreaterThan(1);
  });

  it('are renewed after five minutes while the old ones serve: nobody waits for it', async () => {
    const { issuer, status, clock } = setUp();
    await status();
    let answer = (_: string): void => {};
    issuer.says = () => new Promise<string>((resolve) => (answer = resolve));
    clock.pass(5 * minuteMs);
    expect(await status()).toBe('accepted');
    expect(issuer.asked).toBe(2);
    answer(keySetOf(second));
    await expect.poll(() => status(first)).toBe('not-authenticated');
  });

  it('that are two of one name are asked for again too, so that a mistake of the issuer ends when it mends it', async () => {
    const { issuer, status, clock } = setUp();
    issuer.says = () => keySetOf(first, signingKey(first.id));
    expect(await status()).toBe('not-authenticated');
    issuer.says = () => keySetOf(first);
    clock.pass(5 * minuteMs);
    await expect.poll(() => status()).toBe('accepted');
    expect(issuer.asked).toBe(2);
  });

  it.each([
    ['is down', () => Promise.reject(new Error('ECONNREFUSED'))],
    ['answers with a page', () => '<html>Bad gateway</html>'],
    ['answers with nothing', () => ''],
    ['answers with other JSON', () => '{"error":"later"}'],
    ['publishes no key', () => '{"keys":[]}'],
    ['publishes too many keys', () => JSON.stringify({ keys: Array.from({ length: 65 }, () => first.jwk) })],
    [
      'publishes nothing that is fit',
      () => JSON.stringify({ keys: [{ kty: 'oct', k: 'AA', kid: first.id }] }),
    ],
  ])(
    'are kept for an hour when it %s, and then nothing of it is believed: it fails closed',
    async (_, says) => {
      const { issuer, status, clock, troubles, refusals } = setUp();
      await status();
      issuer.says = says;
      clock.pass(59 * minuteMs);
      expect(await status()).toBe('accepted');
      clock.pass(minuteMs);
      expect(await status()).toBe('unavailable');
      expect(troubles.length).toBeGreaterThan(0);
      expect(refusals.at(-1)?.reason).toBe('issuer-unreachable');
      // It is back, and is asked again when the cooldown is over.
      issuer.says = () => keySetOf(first);
      clock.pass(30_000);
      expect(await status()).toBe('accepted');
    },
  );

  it('that were never had are asked for no more often, and callers are told when to come again', async () => {
    const { issuer, find, clock } = setUp();
    issuer.says = () => Promise.reject(new Error('ECONNREFUSED'));
    for (let i = 0; i < 50; i += 1)
      await expect(find(tokenOf(first))).rejects.toMatchObject({
        code: 'unavailable',
        retryAfterSeconds: 30,
      });
    expect(issuer.asked).toBe(1);
    clock.pass(30_000);
    await expect(find(tokenOf(first))).rejects.toMatchObject({ code: 'unavailable' });
    expect(issuer.asked).toBe(2);
  });

  it('are asked for by no token of somebody else: without one of its issuers nothing happens', async () => {
    const { issuer, find } = setUp();
    for (const claims of [{ iss: 'https://evil.example' }, { iss: undefined }])
      await expect(find(tokenOf(first, claims))).rejects.toMatchObject({ code: 'not-authenticated' });
    expect(issuer.asked).toBe(0);
  });
});
