import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handClock } from '../testing/test-issuer.ts';
import { cookiesOf, createFlowCookies, type Flow } from './flow-cookie.ts';

const flow: Flow = { nonce: 'n', verifier: 'v', returnTo: '/account' };
const newState = (): string => randomBytes(32).toString('base64url');

function setUp(key = Buffer.alloc(32, 1)) {
  const clock = handClock();
  return { clock, ...createFlowCookies({ key, clock, secure: true }) };
}
/** What a browser sends back of a `Set-Cookie`. */
const shown = (line: string) => cookiesOf(line.split(';')[0]);

describe('the cookie of a sign-in that is under way', () => {
  it('gives the flow back to who shows it with its state, to its provider', () => {
    const { seal, open } = setUp();
    const state = newState();
    const line = seal('acme', state, flow);
    expect(line).toMatch(
      /^__Secure-vallum-flow-[\w-]{16}=[\w-]+; Path=\/v1\/sign-in\/acme; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect(open('acme', state, shown(line))).toEqual(flow);
    expect(open('acme', newState(), shown(line))).toBeUndefined();
    expect(open('acme', '', shown(line))).toBeUndefined();
    expect(open('other', state, shown(line))).toBeUndefined();
    expect(open('acme', state, new Map())).toBeUndefined();
  });

  it('does not pass for that of another state under its name, nor for one of another deployment', () => {
    const { seal, open } = setUp();
    const [state, other] = [newState(), newState()];
    const [[, value = ''] = []] = shown(seal('acme', state, flow));
    const [[name = ''] = []] = shown(seal('acme', other, flow));
    expect(open('acme', other, new Map([[name, value]]))).toBeUndefined();
    const line = setUp(Buffer.alloc(32, 2)).seal('acme', state, flow);
    expect(open('acme', state, shown(line))).toBeUndefined();
  });

  it('is over after ten minutes, whatever the browser keeps', () => {
    const { seal, open, clock } = setUp();
    const state = newState();
    const cookies = shown(seal('acme', state, flow));
    clock.pass(599_999);
    expect(open('acme', state, cookies)).toEqual(flow);
    clock.pass(1);
    expect(open('acme', state, cookies)).toBeUndefined();
  });

  it('says nothing of what is in it', () => {
    const { seal } = setUp();
    const secret = { nonce: newState(), verifier: newState(), returnTo: '/account' };
    const state = newState();
    const line = seal('acme', state, secret);
    for (const text of [state, ...Object.values(secret)]) {
      expect(line).not.toContain(text);
      expect(Buffer.from(line.split(/[=;]/)[1] ?? '', 'base64url').includes(text)).toBe(false);
    }
  });

  it('is refused when anything of it was changed, and nothing that is sent instead makes it throw', () => {
    const { seal, open } = setUp();
    const state = newState();
    const [[name = '', value = ''] = []] = shown(seal('acme', state, flow));
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 300 }), fc.base64String({ maxLength: 300 })),
        fc.nat(value.length - 1),
        (other, at) => {
          expect(open('acme', state, new Map([[name, other]]))).toBeUndefined();
          const changed = value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1);
          expect(open('acme', state, new Map([[name, changed]]))).toBeUndefined();
        },
      ),
    );
  });

  it('is never one of so many that the browser’s requests become too long', () => {
    const { seal, clearTooMany } = setUp();
    const begun = (count: number) =>
      cookiesOf(Array.from({ length: count }, () => seal('acme', newState(), flow).split(';')[0]).join('; '));
    expect(clearTooMany('acme', begun(7))).toEqual([]);
    const lines = clearTooMany('acme', begun(8));
    expect(lines).toHaveLength(8);
    for (const line of lines)
      expect(line).toMatch(/^__Secure-vallum-flow-[\w-]{16}=; Path=\/v1\/sign-in\/acme; Max-Age=0;/);
  });
});
