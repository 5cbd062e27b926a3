import { describe, expect, it } from 'vitest';
import {
  type Caller,
  Exchange,
  Fault,
  type NewEntry,
  newId,
  type Outlet,
  type Route,
  systemClock,
} from '../kernel/index.ts';
import { createSealing } from './seal.ts';
import { createTally } from './tally.ts';

/** A ledger whose appends end when the test says so. */
function heldLedger() {
  const waiting: {
    entry: NewEntry['entry'];
    resolve: (index: number) => void;
    reject: (error: unknown) => void;
  }[] = [];
  let next = 100;
  return {
    waiting,
    append: ({ entry }: NewEntry) =>
      new Promise<number>((resolve, reject) => waiting.push({ entry, resolve, reject })),
    journal: () => Promise.resolve(),
    /** Makes the oldest waiting entry durable. */
    async commit() {
      waiting.shift()?.resolve(next++);
      await settled();
    },
    async fail() {
      waiting.shift()?.reject(new Fault('unavailable'));
      await settled();
    },
    kinds: () => waiting.map(({ entry }) => `${entry.kind}${entry.ended ? ` ${entry.ended}` : ''}`),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const route = {
  method: 'POST',
  path: '/v1/x',
  action: 'model:invoke',
  api: 'openai',
  seals: 'each',
} as Route;
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

function setUp(streaming: boolean) {
  const ledger = heldLedger();
  const platform = newId('tenant', 1);
  const tally = createTally({ ledger, clock: { now: () => 90_000, micros: () => 0 }, onTrouble: () => {} });
  const sealing = createSealing({
    ledger,
    tally,
    clock: systemClock,
    standing: { holds: () => true, renew: async () => {} },
    platform,
    onTrouble: () => {},
  });
  const x = new Exchange(newId('request', Date.now()), Date.now(), route, { method: 'POST' } as never);
  x.caller = caller;
  x.resource = 'model/x';
  /** What the client has got, in order. */
  const sent: string[] = [];
  const client: Outlet = {
    head: () => void sent.push('head'),
    frame: (bytes) => sent.push(String(bytes)) > 0,
    end: () => void sent.push('end'),
    fail: (error) => void sent.push(`failed ${error instanceof Fault ? error.code : error}`),
  };
  void sealing.intend.run(x);
  const outlet = sealing.seal(x, client);
  const head = () => outlet.head({ status: 200, contentType: 'text/plain', streaming });
  const frame = (text: string, finish = false) => outlet.frame(Buffer.from(text), finish);
  return { ledger, tally, sealing, x, sent, outlet, head, frame };
}

describe('a stream', () => {
  it('shows nothing before its intent is durable, and pauses who produces it', async () => {
    const { ledger, sent, head, frame, x } = setUp(true);
    let resumed = false;
    x.resume = () => {
      resumed = true;
    };
    head();
    expect(frame('a')).toBe(false);
    await settled();
    expect(sent).toEqual([]);
    await ledger.commit();
    expect(sent).toEqual(['head', 'a']);
    expect(resumed).toBe(true);
    expect(frame('b')).toBe(true);
    expect(sent).toEqual(['head', 'a', 'b']);
  });

  it('holds everything from the first finish frame until its outcome is durable', async () => {
    const { ledger, sent, head, frame, outlet } = setUp(true);
    head();
    await ledger.commit();
    frame('a');
    frame('finish', true);
    frame('usage');
    frame('[DONE]', true);
    outlet.end();
    await settled();
    expect(sent).toEqual(['head', 'a']);
    expect(ledger.kinds()).toEqual(['outcome complete']);
    await ledger.commit();
    expect(sent).toEqual(['head', 'a', 'finish', 'usage', '[DONE]', 'end']);
  });

  it('has no clean end when its outcome cannot be recorded', async () => {
    const { ledger, sent, head, frame, outlet } = setUp(true);
    head();
    await ledger.commit();
    frame('a');
    frame('[DONE]', true);
    outlet.end();
    await ledger.fail();
    expect(sent).toEqual(['head', 'a', 'failed unavailable']);
  });

  it('that is over before its intent is durable shows all of it at once, when both are', async () => {
    const { ledger, sent, head, frame, outlet } = setUp(true);
    head();
    frame('a');
    frame('[DONE]', true);
    outlet.end();
    await ledger.commit();
    expect(sent).toEqual([]);
    await ledger.commit();
    expect(sent).toEqual(['head', 'a', '[DONE]', 'end']);
  });

  it('that fails in the middle is sealed as failed before its error event leaves', async () => {
    const { ledger, sent, head, frame, outlet } = setUp(true);
    head();
    await ledger.commit();
    frame('a');
    outlet.fail(new Fault('upstream-failed'));
    await settled();
    expect(sent).toEqual(['head', 'a']);
    expect(ledger.waiting[0]?.entry).toMatchObject({
      kind: 'outcome',
      ended: 'failed',
      fault: 'upstream-failed',
      decision: 'block',
    });
    await ledger.commit();
    expect(sent).toEqual(['head', 'a', 'failed upstream-failed']);
  });

  it('may not say without end that it ends', async () => {
    const { ledger, head, frame, outlet } = setUp(true);
    head();
    await ledger.commit();
    frame('finish', true);
    for (let i = 0; i < 20; i++) frame('x'.repeat(100_000));
    expect(ledger.kinds()).toEqual(['outcome failed']);
    outlet.end();
    expect(ledger.kinds()).toEqual(['outcome failed']);
  });
});

describe('a complete reply', () => {
  it('shows nothing, not even its head, before intent and outcome are durable', async () => {
    const { ledger, sent, head, frame, outlet } = setUp(false);
    head();
    frame('body', true);
    outlet.end();
    await ledger.commit();
    expect(sent).toEqual([]);
    await ledger.commit();
    expect(sent).toEqual(['head', 'body', 'end']);
  });

  it.each([
    ['intent', 0],
    ['outcome', 1],
  ])('is an error when its %s cannot be recorded', async (_, commits) => {
    const { ledger, sent, head, frame, outlet } = setUp(false);
    head();
    frame('body', true);
    outlet.end();
    if (commits) await ledger.commit();
    await ledger.fail();
    expect(sent).toEqual(['failed unavailable']);
  });
});

describe('an exchange whose intent cannot be recorded', () => {
  it('is refused at once, the model is left, and its outcome is appended for when the ledger answers', async () => {
    const { ledger, sent, x } = setUp(true);
    let stopped = false;
    x.whenAborted(() => {
      stopped = true;
    });
    await ledger.fail();
    expect(sent).toEqual(['failed unavailable']);
    expect(stopped).toBe(true);
    expect(ledger.kinds()).toEqual(['outcome failed']);
  });
});

describe('a client that leaves', () => {
  it('has its exchange sealed as aborted, once', async () => {
    const { ledger, sent, head, frame, outlet, x } = setUp(true);
    head();
    await ledger.commit();
    frame('a');
    x.clientGone = true;
    x.abort();
    outlet.fail(new Fault('upstream-failed'));
    outlet.end();
    expect(ledger.kinds()).toEqual(['outcome aborted']);
    expect(frame('b')).toBe(false);
    expect(sent).toEqual(['head', 'a']);
  });

  it('after the outcome was decided changes nothing of it', async () => {
    const { ledger, head, frame, outlet, x } = setUp(true);
    head();
    await ledger.commit();
    frame('[DONE]', true);
    outlet.end();
    x.clientGone = true;
    x.abort();
    expect(ledger.kinds()).toEqual(['outcome complete']);
  });
});

describe('a refusal', () => {
  it('of a caller we know is on record, by itself, before it is shown', async () => {
    const { ledger, sealing, x } = setUp(false);
    await ledger.commit();
    x.judge('block', { by: 'policy', code: 'no' });
    const shown = sealing.refuse(x, new Fault('policy-denied')).then(() => 'shown');
    expect(await Promise.race([shown, settled().then(() => 'held')])).toBe('held');
    expect(ledger.waiting[0]?.entry).toMatchObject({
      kind: 'refusal',
      ended: 'refused',
      fault: 'policy-denied',
      status: 403,
      phase: 0,
    });
    await ledger.commit();
    expect(await shown).toBe('shown');
    expect(x.ledgerIndex).toBeDefined();
  });

  it.each([
    ['a caller we do not know', undefined, 'not-authenticated'],
    ['a rate limit', caller, 'rate-limited'],
  ] as const)('of %s is counted: ten thousand make one entry', async (_, who, code) => {
    const { ledger, sealing, tally, x } = setUp(false);
    await ledger.commit();
    x.caller = who;
    for (let i = 0; i < 10_000; i++) await sealing.refuse(x, new Fault(code));
    void tally.flush();
    await settled();
    expect(ledger.waiting.map(({ entry }) => entry.tally)).toEqual([
      { count: 10_000, reason: code, minute: '1970-01-01T00:01:00.000Z' },
    ]);
  });
});
