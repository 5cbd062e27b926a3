import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../support/administer.ts';
import { logLines } from '../support/log-lines.ts';
import { failureOf, openaiClient, textsOf, user } from '../support/openai-client.ts';
import { type OpenaiUpstream, startOpenaiUpstream } from '../support/openai-upstream.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* What OpenAI's client makes of a provider that fails behind Vallum: an error of its own class for each, and never an answer that only looks whole. */

const models = [
  'ok',
  'byte-by-byte',
  'early-hints',
  'without-done',
  'heartbeats',
  'other-fields',
  'after-done',
  'status-400',
  'status-401',
  'status-403',
  'status-413',
  'status-422',
  'status-429',
  'status-500',
  'status-503',
  'echoes-key',
  'redirect',
  'error-in-stream',
  'error-as-first-event',
  'error-with-200',
  'cut-between-frames',
  'cut-in-frame',
  'cut-in-utf8',
  'cut-in-body',
  'nothing-at-all',
  'garbage',
  'garbage-event',
  'garbage-body',
  'wrong-content-type',
  'json-for-stream',
  'huge-frame',
  'reset',
  'hang-before-headers',
  'hang-before-events',
  'hang-in-stream',
  'slow',
];
const secret = 'sk-upstream-secret';
const waitMs = 400;

let upstream: OpenaiUpstream;
let vallum: Vallum;
let key: string;

beforeAll(async () => {
  upstream = await startOpenaiUpstream();
  vallum = await startVallum({
    settings: {
      models: {
        providers: [
          {
            name: 'remote',
            base_url: upstream.url,
            api_key: secret,
            models: [...models.map((id) => ({ id })), { id: 'nobody-has-it', upstream: 'absent' }],
            timeouts: { first_byte_ms: waitMs, between_bytes_ms: waitMs },
          },
          { name: 'gone', base_url: 'http://127.0.0.1:9/v1', models: [{ id: 'not-listening' }] },
        ],
      },
    },
  });
  ({ key } = await makeKey(vallum));
});
afterAll(async () => {
  await vallum?.remove();
  await upstream?.close();
});

const ask = (model: string, more: object = {}, maxRetries = 0) =>
  openaiClient(vallum, key, maxRetries).chat.completions.create({
    model,
    messages: [user('Hello')],
    ...more,
  }) as Promise<OpenAI.Chat.Completions.ChatCompletion>;

const stream = async (model: string, maxRetries = 0): Promise<string[]> =>
  textsOf(
    await openaiClient(vallum, key, maxRetries).chat.completions.create({
      model,
      messages: [user('Hello')],
      stream: true,
    }),
  );

/** How often the provider was asked meanwhile. */
async function callsDuring(work: () => Promise<unknown>): Promise<number> {
  const before = upstream.received.length;
  await work();
  return upstream.received.length - before;
}

/** What no caller may learn: the provider's account, hosts, and our key with it. */
const confidential = /postgres-7|gpu-3|org-123|proj_123|sk-up|sk-upstream-secret|127\.0\.0\.1/;

describe('a provider that answers oddly, but well', () => {
  it.each(['byte-by-byte', 'without-done', 'heartbeats', 'other-fields', 'after-done'])(
    '%s is a whole stream',
    async (model) => {
      const [text] = await stream(model);
      expect(text?.trim()).toMatch(/^hello$|^Grüße from the upstream – all is well\.$/);
    },
  );

  it('early hints are not the answer', async () => {
    expect((await ask('early-hints')).choices[0]?.message.content).toContain('Grüße');
  });
});

describe('a provider that refuses', () => {
  it.each([
    ['status-400', 400, OpenAI.BadRequestError, 'input-invalid', 'max_tokens is too large'],
    ['status-422', 400, OpenAI.BadRequestError, 'input-invalid', 'messages must alternate'],
    ['nobody-has-it', 404, OpenAI.NotFoundError, 'not-found', 'no behaviour absent'],
    ['status-413', 413, OpenAI.APIError, 'too-large', 'The request is too large'],
    // The operator's own trouble with the provider is not the caller's: no 401 or 403 that would send them to look at their key.
    ['status-401', 502, OpenAI.InternalServerError, 'upstream-failed', 'The model provider failed'],
    ['status-403', 502, OpenAI.InternalServerError, 'upstream-failed', 'The model provider failed'],
    ['status-429', 429, OpenAI.RateLimitError, 'rate-limited', 'Too many requests'],
    ['status-500', 502, OpenAI.InternalServerError, 'upstream-failed', 'The model provider failed'],
    ['status-503', 502, OpenAI.InternalServerError, 'upstream-failed', 'The model provider failed'],
    ['redirect', 502, OpenAI.InternalServerError, 'upstream-failed', 'The model provider failed'],
    ['not-listening', 502, OpenAI.InternalServerError, 'upstream-failed', 'The model provider failed'],
    ['reset', 502, OpenAI.InternalServerError, 'upstream-failed', 'The model provider failed'],
  ])('%s is a %i, the same with a stream', async (model, status, kind, code, message) => {
    for (const call of [ask, stream]) {
      const error = await failureOf(call(model));
      expect(error).toBeInstanceOf(kind);
      expect(error).toMatchObject({ status, code });
      expect(error.message).toContain(message);
      expect(error.message + JSON.stringify(error.error)).not.toMatch(confidential);
    }
  });

  it("passes on when to try again, and never the operator's key", async () => {
    expect((await failureOf(ask('status-429'))).headers?.get('retry-after')).toBe('7');
    expect((await failureOf(ask('status-503'))).headers?.get('retry-after')).toBe('3');
    const error = await failureOf(ask('echoes-key'));
    expect(error.status).toBe(400);
    expect(error.message + JSON.stringify(error.error)).not.toContain(secret);
  });
});

describe('a provider that breaks', () => {
  it.each(['error-with-200', 'cut-in-body', 'garbage-body', 'wrong-content-type'])(
    'without a stream, %s is an error and no answer',
    async (model) => {
      const error = await failureOf(ask(model));
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 502, code: 'upstream-failed' });
      expect(error.message).not.toMatch(confidential);
    },
  );

  it.each([
    'error-in-stream',
    'error-as-first-event',
    'cut-between-frames',
    'cut-in-frame',
    'cut-in-utf8',
    'nothing-at-all',
    'garbage',
    'garbage-event',
    'wrong-content-type',
    'json-for-stream',
    'huge-frame',
    'hang-in-stream',
  ])('in a stream, %s is an error and no end', async (model) => {
    const error = await failureOf(stream(model));
    expect(error.code).toMatch(/^upstream-(failed|timeout)$/);
    expect(error.message).not.toMatch(confidential);
  });

  it.each([
    ['hang-before-headers', () => ask('hang-before-headers')],
    ['hang-before-headers, streaming', () => stream('hang-before-headers')],
    ['hang-before-events', () => stream('hang-before-events')],
  ])('%s is a timeout, and the provider is let go', async (_, call) => {
    const error = await failureOf(call());
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 504, code: 'upstream-timeout' });
    await expect.poll(() => upstream.leftEarly('hang-before-headers')).toBeGreaterThan(0);
  });

  it('a client that leaves takes the call to the provider with it', async () => {
    const running = await openaiClient(vallum, key).chat.completions.create({
      model: 'slow',
      messages: [user('Hello')],
      stream: true,
    });
    for await (const _ of running) break;
    await expect.poll(() => upstream.leftEarly('slow'), { timeout: 20_000 }).toBe(1);
  });
});

describe("the client's own retries", () => {
  it.each(['status-400', 'status-413', 'status-422', 'nobody-has-it'])(
    'do not repeat what cannot succeed: %s is asked once',
    async (model) => {
      expect(await callsDuring(() => failureOf(ask(model, {}, 2)))).toBe(1);
    },
  );

  it.each(['status-500', 'reset', 'error-with-200', 'hang-before-headers'])(
    'repeat what may: %s is asked again',
    async (model) => {
      expect(await callsDuring(() => failureOf(ask(model, {}, 1)))).toBe(2);
    },
  );

  it('do not repeat a stream that has begun: its first words have been read', async () => {
    expect(await callsDuring(() => failureOf(stream('cut-in-frame', 2)))).toBe(1);
  });
});

describe('afterwards', () => {
  it("the log says what failed, and has neither the operator's key nor a word of anybody in it", () => {
    const { stdout, stderr } = vallum.output;
    expect(logLines(stdout).some(({ code }) => code === 'upstream-failed')).toBe(true);
    for (const word of [secret, key, 'Grüße', 'You sent', 'fell over'])
      expect(stdout + stderr).not.toContain(word);
  });

  it('every one of these calls is on record as what it was, and none is still open', async () => {
    type Record = { resource: string; ended: string | null; fault: string | null };
    const open = async (): Promise<Record[]> => {
      const page = await openaiClient(vallum, key).get<{ data: Record[] }>('/requests?limit=200');
      const data = page.data.filter(({ resource }) => resource.startsWith('model/'));
      expect(data.length).toBeGreaterThan(50);
      for (const { resource, ended, fault } of data) {
        if (ended === null) continue;
        const well = /ok|byte|early|without-done|heartbeats|other-fields|after-done/.test(resource);
        const left = resource === 'model/slow';
        expect({ resource, ended, fault: fault !== null }).toEqual({
          resource,
          ended: well ? 'complete' : left ? 'aborted' : 'failed',
          fault: !well && !left,
        });
      }
      return data.filter(({ ended }) => ended === null);
    };
    await expect.poll(open, { timeout: 20_000 }).toEqual([]);
  });
});
