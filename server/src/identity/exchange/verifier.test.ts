import { describe, expect, it } from 'vitest';
import { type Arrival, Exchange, type Given, newId, rawRoute } from '../../kernel/index.ts';
import { hashKey } from '../api-key.ts';
import { handClock, nowMs, organization, tenant } from '../testing/test-issuer.ts';
import type { PresentedShortLived } from './ports.ts';
import { createShortLivedVerifier, mintShortLived } from './verifier.ts';

const pepper = Buffer.alloc(32, 7);
const service = newId('service', 1);
const key = newId('key', 1);
const presented: PresentedShortLived = {
  id: newId('token', 1),
  organization,
  tenant,
  environment: 'production',
  principal: { type: 'service', id: service },
  scopes: ['models:invoke'],
  ratePerMinute: 7,
  run: undefined,
  root: { kind: 'key', id: key },
  rootScopes: [],
  rootRoles: ['developer'],
  rootOrganizationRoles: [],
  allowedAddresses: [],
  rootSeenAtMs: undefined,
  expiresAtMs: nowMs + 60_000,
  ended: false,
};

const route = rawRoute({
  method: 'GET',
  path: '/x',
  action: 'model:list',
  summary: 'For this test',
  seals: 'none',
  handle: async () => ({ contentType: 'text/plain', bytes: Buffer.alloc(0) }),
});
const from = (address: string, headers: Arrival['headers'] = {}): Exchange =>
  new Exchange(newId('request', nowMs), nowMs, route, { address, headers } as Arrival);

function setUp(more: Partial<PresentedShortLived> = {}) {
  const text = mintShortLived();
  const clock = handClock();
  const asked: { roles: readonly string[]; given: Given }[] = [];
  const looked: Buffer[] = [];
  const misplaced: string[] = [];
  const state = { mayGrant: true };
  const verifier = createShortLivedVerifier({
    store: {
      async lookup(hash) {
        looked.push(hash);
        return hash.equals(hashKey(pepper, text)) ? { ...presented, ...more } : undefined;
      },
    },
    peppers: [{ version: 1, key: pepper }],
    rights: {
      mayGrant({ roles }, given) {
        asked.push({ roles, given });
        return state.mayGrant ? undefined : 'model:invoke';
      },
    },
    sessionIdleMs: 1_800_000,
    onMisplaced: (of) => misplaced.push(of),
    clock,
  });
  return { text, verifier, asked, looked, misplaced, state, find: () => verifier.find(text) };
}

describe('a short-lived credential', () => {
  it('is its principal with its scopes and no role, for as long as it lasts', async () => {
    const { find, verifier, text } = setUp({ run: 'run-1' });
    expect(verifier.reads(text)).toBe(true);
    const { caller, expiresAtMs, untilMs } = await find();
    expect(caller).toMatchObject({
      principal: presented.principal,
      scopes: ['models:invoke'],
      roles: [],
      credential: { kind: 'short-lived', id: presented.id },
      ratePerMinute: 7,
      run: 'run-1',
    });
    expect([expiresAtMs, untilMs]).toEqual([nowMs + 60_000, nowMs + 30_000]);
  });

  it('is looked up by a digest under a pepper and by nothing of its text, which nobody compares: there is no time to tell texts by', async () => {
    const { verifier, text, looked, find } = setUp();
    const near = `${text.slice(0, -7)}${text.at(-7) === 'a' ? 'b' : 'a'}${text.slice(-6)}`;
    await find();
    await expect(verifier.find(near)).rejects.toMatchObject({ code: 'not-authenticated' });
    await expect(verifier.find(mintShortLived())).rejects.toMatchObject({ code: 'not-authenticated' });
    expect(looked.map((hash) => hash.length)).toEqual([32, 32, 32]);
    const [good, close] = looked;
    const same = good?.filter((byte, i) => byte === close?.[i]).length ?? 0;
    expect(same).toBeLessThan(8);
  });

  it.each<[string, Partial<PresentedShortLived>]>([
    ['it, or what it was made from, was ended', { ended: true }],
    [
      'its session has rested for too long',
      { root: { kind: 'session', id: 'ses_1' }, rootSeenAtMs: nowMs - 1_800_000 },
    ],
  ])('is refused where %s', async (_, more) => {
    await expect(setUp(more).find()).rejects.toMatchObject({
      code: 'not-authenticated',
      detail: 'This is not a valid token.',
    });
  });

  it('is refused once its root may not give its scopes any more, by the roles of now', async () => {
    const allowed = setUp();
    await allowed.find();
    await allowed.find();
    // The same rights have the same answer.
    expect(allowed.asked).toEqual([
      { roles: ['developer'], given: { scopes: ['models:invoke'], type: 'service' } },
    ]);
    const denied = setUp({ rootRoles: [] });
    denied.state.mayGrant = false;
    await expect(denied.find()).rejects.toMatchObject({ code: 'not-authenticated' });
  });

  it.each<[string, Partial<PresentedShortLived>]>([
    ['a key that stands for itself', { principal: { type: 'service', id: key } }],
    ['a token of others', { root: { kind: 'token', id: service } }],
    ['a certificate', { root: { kind: 'certificate', id: service } }],
  ])('of %s is held against nothing: its rights were for as long as it lasts', async (_, more) => {
    const { find, asked } = setUp(more);
    await find();
    expect(asked).toEqual([]);
  });

  it('is bound to its run and to the addresses of its key, at each request', async () => {
    const { find, misplaced } = setUp({ run: 'run-1', allowedAddresses: ['192.0.2.0/24'] });
    const { check } = await find();
    check?.(from('192.0.2.1'));
    check?.(from('192.0.2.1', { 'x-vallum-run': 'run-1' }));
    expect(() => check?.(from('192.0.2.1', { 'x-vallum-run': 'run-2' }))).toThrow('another run');
    expect(misplaced).toEqual([]);
    expect(() => check?.(from('192.0.3.1'))).toThrow('not a valid token');
    expect(misplaced).toEqual([tenant]);
  });
});
