import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenaiUpstream, startOpenaiUpstream } from '../../../../tests/support/openai-upstream.ts';
import { Fault, type FaultCode } from '../../kernel/index.ts';
import type { ModelProvider } from '../models/provider.ts';
import { callOf } from '../testing/model-call.ts';
import { RecordingOutlet } from '../testing/recording-outlet.ts';
import { type OpenaiCompatibleConfig, openaiCompatible } from './provider-openai-compatible.ts';

const secret = 'sk-upstream-secret';
const answer = 'Grüße from the upstream – all is well.';

let upstream: OpenaiUpstream;
let provider: ModelProvider;
const opened: ModelProvider[] = [];

const providerWith = (more: Partial<OpenaiCompatibleConfig> = {}): ModelProvider => {
  const made = openaiCompatible({
    name: 'upstream',
    baseUrl: upstream.url,
    apiKey: secret,
    models: [],
    ...more,
  });
  opened.push(made);
  return made;
};

beforeAll(async () => {
  upstream = await startOpenaiUpstream();
  provider = providerWith();
});
afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
  await upstream.close();
});

async function invoke(more: Record<string, unknown>, by = provider): Promise<RecordingOutlet> {
  const outlet = new RecordingOutlet();
  by.invoke(callOf(more), outlet);
  await outlet.over;
  return outlet;
}

/** Resolves when the provider has lost one more reply for this model than before. */
const left = (model: string, before: number) =>
  expect.poll(() => upstream.leftEarly(model)).toBeGreaterThan(before);

const faultOf = (outlet: RecordingOutlet): Fault => {
  expect(outlet.failure).toBeInstanceOf(Fault);
  return outlet.failure as Fault;
};

describe('an answer that goes well', () => {
  it('comes complete as one frame that finishes, with its usage', async () => {
    const call = callOf({ model: 'ok' });
    const outlet = new RecordingOutlet();
    provider.invoke(call, outlet);
    await outlet.over;
    expect(outlet.failure).toBeUndefined();
    expect(outlet.replyHead).toEqual({ status: 200, contentType: 'application/json', streaming: false });
    expect(outlet.frames.map(({ finish }) => finish)).toEqual([true]);
    expect(JSON.parse(outlet.text).choices[0].message.content).toBe(answer);
    expect(call.exchange.usage).toEqual({ inputTokens: 9, outputTokens: 12, estimated: false });
  });

  it('streams each event as one frame, the same bytes, and finishes with the finish reason', async () => {
    const outlet = await invoke({ model: 'ok', stream: true });
    expect(outlet.ended).toBe(true);
    expect(outlet.replyHead).toEqual({ status: 200, contentType: 'text/event-stream', streaming: true });
    expect(outlet.content()).toBe(answer);
    for (const { bytes } of outlet.frames) expect(bytes.toString()).toMatch(/^data: .*\n\n$/);
    const finishes = outlet.frames.map(({ finish }) => finish);
    expect(finishes.slice(-2)).toEqual([true, true]);
    expect(finishes.slice(0, -2)).not.toContain(true);
    expect(outlet.data.at(-1)).toBe('[DONE]');
  });

  it('is the same however the bytes arrive', async () => {
    const whole = await invoke({ model: 'ok', stream: true });
    const cut = await invoke({ model: 'byte-by-byte', stream: true });
    expect(cut.text.replaceAll('byte-by-byte', 'ok')).toBe(whole.text);
    expect(cut.frames.length).toBe(whole.frames.length);
  });

  it('with several choices finishes when the last of them does, so that none stalls the others', async () => {
    const outlet = await invoke({ model: 'ok', stream: true, n: 2, stream_options: { include_usage: true } });
    expect([outlet.content(0), outlet.content(1)]).toEqual([answer, answer]);
    // The last choice's end, the usage, and [DONE].
    expect(outlet.frames.filter(({ finish }) => finish).length).toBe(3);
  });

  it('gets a [DONE] where the provider leaves it out, so that its absence always means a failure', async () => {
    const outlet = await invoke({ model: 'without-done', stream: true });
    expect(outlet.ended).toBe(true);
    expect(outlet.data.at(-1)).toBe('[DONE]');
  });

  it('passes heartbeats on without what they say, which no guard would see', async () => {
    const outlet = await invoke({ model: 'heartbeats', stream: true });
    expect(outlet.frames.filter(({ bytes }) => bytes.toString() === ':\n\n').length).toBe(2);
    expect(outlet.text).not.toContain('keep-alive');
  });

  it('drops names, ids and comments of events, which no guard would see', async () => {
    const outlet = await invoke({ model: 'other-fields', stream: true });
    expect(outlet.text).not.toMatch(/aside|event:|id: /);
    expect(outlet.content()).toBe('hello ');
  });

  it('ends at [DONE]: what comes after it reaches nobody', async () => {
    const outlet = await invoke({ model: 'after-done', stream: true });
    expect(outlet.ended).toBe(true);
    expect(outlet.text).not.toContain('one more thing');
  });

  it('ends at [DONE] also where the provider keeps the connection', async () => {
    const outlet = await invoke({ model: 'hang-after-done', stream: true }, providerWith());
    expect(outlet.ended).toBe(true);
  });

  it('comes after interim responses', async () => {
    expect((await invoke({ model: 'early-hints' })).ended).toBe(true);
  });

  it('calls tools', async () => {
    const outlet = await invoke({ model: 'tool-call', stream: true });
    const fragments = outlet.data
      .filter((data) => data !== '[DONE]')
      .map((data) => JSON.parse(data).choices[0].delta.tool_calls?.[0].function.arguments ?? '');
    expect(JSON.parse(fragments.join(''))).toEqual({ city: 'Oslo' });
  });
});

describe('what goes to the provider', () => {
  it('is the body as it is, our key, the request id, and nothing of the caller', async () => {
    const call = callOf({ model: 'ok', seed: 7 });
    const bytes = Buffer.from('{ "model":"ok",  "messages":[], "big": 12345678901234567890 }');
    const outlet = new RecordingOutlet();
    provider.invoke({ ...call, bytes }, outlet);
    await outlet.over;
    const received = upstream.received.at(-1);
    expect(received?.text).toBe(bytes.toString());
    expect(received?.path).toBe('/v1/chat/completions');
    expect(received?.headers).toMatchObject({
      authorization: `Bearer ${secret}`,
      'x-request-id': call.exchange.id,
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      accept: 'application/json',
    });
    expect(JSON.stringify(received?.headers)).not.toMatch(/callers-own|cookie/);
  });

  it('has no authorization where no key is configured', async () => {
    const { apiKey: _, ...open } = { name: 'open', baseUrl: `${upstream.url}/`, apiKey: '', models: [] };
    const outlet = new RecordingOutlet();
    const without = openaiCompatible(open);
    opened.push(without);
    without.invoke(callOf({ model: 'ok' }), outlet);
    await outlet.over;
    expect(outlet.ended).toBe(true);
    expect(upstream.received.at(-1)?.headers.authorization).toBeUndefined();
    expect(upstream.received.at(-1)?.path).toBe('/v1/chat/completions');
  });
});

describe('a refusal of the provider', () => {
  const cases: [model: string, code: FaultCode, detail: string | undefined][] = [
    ['status-400', 'input-invalid', 'max_tokens is too large'],
    ['status-404', 'not-found', 'The model does not exist'],
    ['status-413', 'too-large', 'The request is too large'],
    ['status-422', 'input-invalid', 'messages must alternate'],
    ['status-401', 'upstream-failed', undefined],
    ['status-402', 'upstream-failed', undefined],
    ['status-403', 'upstream-failed', undefined],
    ['status-404-html', 'upstream-failed', undefined],
    ['status-429', 'rate-limited', undefined],
    ['status-500', 'upstream-failed', undefined],
    ['status-503', 'upstream-failed', undefined],
    ['huge-error', 'input-invalid', undefined],
    ['echoes-key', 'input-invalid', undefined],
    ['redirect', 'upstream-failed', undefined],
  ];
  it.each(cases)('%s becomes %s, and says %j', async (model, code, detail) => {
    for (const stream of [false, true]) {
      const outlet = await invoke({ model, stream });
      expect(outlet.replyHead).toBeUndefined();
      expect(faultOf(outlet)).toMatchObject({ code, detail });
    }
  });

  it('names the field that the provider names', async () => {
    expect(faultOf(await invoke({ model: 'status-400' })).param).toBe('max_tokens');
  });

  it('says when to come back', async () => {
    expect(faultOf(await invoke({ model: 'status-429' })).retryAfterSeconds).toBe(7);
    expect(faultOf(await invoke({ model: 'status-503' })).retryAfterSeconds).toBe(3);
  });

  it('passes on a bounded message without control or bidirectional characters', async () => {
    const { detail = '' } = faultOf(await invoke({ model: 'long-error' }));
    expect(detail).toBe(`bad ${'x'.repeat(496)}`);
  });
});

describe('a provider that fails', () => {
  const streams: [model: string, framesBefore: number][] = [
    ['error-in-stream', 1],
    ['error-as-first-event', 0],
    ['cut-between-frames', 1],
    ['cut-in-frame', 1],
    ['cut-in-utf8', 1],
    ['nothing-at-all', 0],
    ['garbage-event', 1],
    ['wrong-content-type', 0],
    ['json-for-stream', 0],
    ['huge-frame', 0],
    ['reset', 0],
  ];
  it.each(streams)(
    'in a stream with %s is upstream-failed after %i events, with no clean end',
    async (model, n) => {
      const outlet = await invoke({ model, stream: true });
      expect(faultOf(outlet)).toMatchObject({ code: 'upstream-failed', detail: undefined });
      expect(outlet.frames.length).toBe(n);
      expect(outlet.text).not.toMatch(/\[DONE\]|gpu-3/);
    },
  );

  it('with garbage instead of a stream sends none of it on', async () => {
    const outlet = await invoke({ model: 'garbage', stream: true });
    expect(faultOf(outlet).code).toBe('upstream-failed');
    expect(outlet.data).toEqual([]);
    expect(outlet.text).not.toMatch(/html|no stream/);
  });

  it.each([
    'error-with-200',
    'garbage-body',
    'other-body',
    'wrong-content-type',
    'compressed',
    'cut-in-body',
    'huge-body',
    'reset',
  ])('in a complete reply with %s is upstream-failed, and nothing of it is sent', async (model) => {
    const outlet = await invoke({ model });
    expect(faultOf(outlet)).toMatchObject({ code: 'upstream-failed', detail: undefined });
    expect(outlet.replyHead).toBeUndefined();
  });

  it('because nobody listens there is upstream-failed', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const port = typeof address === 'object' ? address?.port : 0;
    closed.close();
    await once(closed, 'close');
    const outlet = await invoke({ model: 'ok' }, providerWith({ baseUrl: `http://127.0.0.1:${port}/v1` }));
    expect(faultOf(outlet).code).toBe('upstream-failed');
  });

  it('because it is closed is upstream-failed', async () => {
    const closed = providerWith();
    await closed.close();
    expect(faultOf(await invoke({ model: 'ok' }, closed)).code).toBe('upstream-failed');
  });
});

describe('a provider that is slow', () => {
  const short = { connectMs: 1000, firstByteMs: 100, betweenBytesMs: 100, totalMs: 60_000 };

  it.each([
    ['hang-before-headers', false, 0],
    ['hang-before-headers', true, 0],
    ['hang-before-events', true, 0],
    ['hang-in-stream', true, 1],
  ])(
    'with %s (stream: %s) is upstream-timeout, and its connection is ended',
    async (model, stream, frames) => {
      const before = upstream.leftEarly(model);
      const outlet = await invoke({ model, stream }, providerWith({ timeouts: short }));
      expect(faultOf(outlet)).toMatchObject({ code: 'upstream-timeout', detail: undefined });
      expect(outlet.frames.length).toBe(frames);
      await left(model, before);
    },
  );

  it('in all is upstream-timeout, however regular its events are', async () => {
    const outlet = await invoke(
      { model: 'slow', stream: true },
      providerWith({ timeouts: { totalMs: 300 } }),
    );
    expect(faultOf(outlet).code).toBe('upstream-timeout');
    expect(outlet.frames.length).toBeGreaterThan(0);
  });

  it('in all loses its connection, also when it is silent', async () => {
    const before = upstream.leftEarly('hang-in-stream');
    const outlet = await invoke(
      { model: 'hang-in-stream', stream: true },
      providerWith({ timeouts: { totalMs: 200 } }),
    );
    expect(faultOf(outlet).code).toBe('upstream-timeout');
    await left('hang-in-stream', before);
  });
});

describe('a client that leaves', () => {
  it('ends the call of the provider, and the outlet still gets its one ending', async () => {
    const before = upstream.leftEarly('slow');
    const call = callOf({ model: 'slow', stream: true });
    const outlet = new RecordingOutlet();
    provider.invoke(call, outlet);
    await expect.poll(() => outlet.frames.length).toBeGreaterThan(1);
    call.exchange.abort();
    expect(faultOf(outlet).code).toBe('upstream-failed');
    await left('slow', before);
  });

  it('before the call started makes no call', async () => {
    const before = upstream.received.length;
    const call = callOf({ model: 'ok' });
    call.exchange.abort();
    const outlet = new RecordingOutlet();
    provider.invoke(call, outlet);
    await outlet.over;
    expect(upstream.received.length).toBe(before);
  });

  it('while the connection is made sends no request', async () => {
    const before = upstream.received.length;
    const call = callOf({ model: 'ok' });
    const outlet = new RecordingOutlet();
    const fresh = providerWith({ connections: 1 });
    fresh.invoke(call, outlet);
    call.exchange.abort();
    expect(outlet.failure).toBeInstanceOf(Fault);
    await expect.poll(async () => (await invoke({ model: 'ok' }, fresh)).ended).toBe(true);
    expect(upstream.received.length).toBe(before + 1);
  });
});

describe('a client that reads slowly', () => {
  it('slows the provider down, and loses nothing', async () => {
    const call = callOf({ model: 'endless', stream: true });
    const outlet = new RecordingOutlet((frames) => frames < 10 || frames > 5000);
    provider.invoke(call, outlet);
    await expect.poll(() => outlet.frames.length).toBeGreaterThanOrEqual(10);
    // The provider writes on until the buffers between us are full, and then no more.
    let last = -1;
    await expect
      .poll(
        () => {
          const still = upstream.written() === last;
          last = upstream.written();
          return still;
        },
        { interval: 200, timeout: 20_000 },
      )
      .toBe(true);
    const stopped = outlet.frames.length;
    expect(stopped).toBeLessThan(5000);
    while (outlet.frames.length <= 5000) {
      const before = outlet.frames.length;
      call.exchange.resume?.();
      await expect.poll(() => outlet.frames.length).toBeGreaterThan(before);
    }
    expect(outlet.content()).toMatch(/^(hello )+$/);
    call.exchange.abort();
    expect(faultOf(outlet).code).toBe('upstream-failed');
  });

  it('and takes nothing more at the end does not keep the connection', async () => {
    const one = providerWith({ connections: 1 });
    const call = callOf({ model: 'ok', stream: true });
    const outlet = new RecordingOutlet(() => false);
    one.invoke(call, outlet);
    await expect
      .poll(() => {
        call.exchange.resume?.();
        return outlet.ended;
      })
      .toBe(true);
    await expect.poll(async () => (await invoke({ model: 'ok' }, one)).ended).toBe(true);
  });

  it('who reads again gets the rest of a stream that ended meanwhile', async () => {
    const call = callOf({ model: 'ok', stream: true });
    const outlet = new RecordingOutlet((frames) => frames !== 1);
    provider.invoke(call, outlet);
    await expect.poll(() => outlet.frames.length).toBeGreaterThan(0);
    call.exchange.resume?.();
    await outlet.over;
    expect(outlet.ended).toBe(true);
    expect(outlet.content()).toBe(answer);
  });
});

describe('a stage behind the outlet that throws', () => {
  it('ends the call with its own error, so that a fault of ours is not called one of the provider', async () => {
    const broken = new Error('a guard broke');
    const outlet = new RecordingOutlet(() => {
      throw broken;
    });
    const before = upstream.leftEarly('slow');
    provider.invoke(callOf({ model: 'slow', stream: true }), outlet);
    await outlet.over;
    expect(outlet.failure).toBe(broken);
    await left('slow', before);
  });
});

describe('calls at the same time', () => {
  it('beyond the limit are refused at once, and those within it go on', async () => {
    const two = providerWith({ connections: 2 });
    const calls = [callOf({ model: 'slow', stream: true }), callOf({ model: 'slow', stream: true })];
    const outlets = calls.map((call) => {
      const outlet = new RecordingOutlet();
      two.invoke(call, outlet);
      return outlet;
    });
    expect(faultOf(await invoke({ model: 'ok' }, two))).toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 1,
    });
    for (const outlet of outlets) await expect.poll(() => outlet.frames.length).toBeGreaterThan(0);
    for (const { exchange } of calls) exchange.abort();
    await expect.poll(async () => (await invoke({ model: 'ok' }, two)).ended).toBe(true);
  });

  it('many in a row and at once leave no call and no timer behind', async () => {
    const some = providerWith({ connections: 8 });
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    for (let round = 0; round < 5; round += 1) {
      const outlets = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          invoke({ model: i % 2 ? 'ok' : 'after-done', stream: true }, some),
        ),
      );
      expect(outlets.every(({ ended }) => ended)).toBe(true);
      await expect.poll(async () => (await invoke({ model: 'ok' }, some)).ended).toBe(true);
    }
    // Forty calls; a few timers are those of idle connections and of the test itself.
    await expect.poll(timers).toBeLessThan(before + 20);
  });
});

describe('a configuration that cannot work', () => {
  it.each([
    [{ baseUrl: 'ftp://example.com/v1' }, /baseUrl is not an http or https URL/],
    [{ baseUrl: 'api.openai.com' }, /baseUrl is not an http or https URL/],
    [{ baseUrl: 'https://user:secret@example.com/v1' }, /baseUrl may have no credential/],
    [{ apiKey: 'line\nbreak' }, /apiKey has spaces or characters/],
  ])('%j stops the start, without showing a secret', (more, message) => {
    expect(() =>
      openaiCompatible({ name: 'x', baseUrl: 'https://example.com', models: [], ...more }),
    ).toThrow(message);
    expect(() =>
      openaiCompatible({ name: 'x', baseUrl: 'https://example.com', models: [], ...more }),
    ).not.toThrow(/secret|line/);
  });
});
