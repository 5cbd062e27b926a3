import { once } from 'node:events';
import { createServer } from 'node:http';
import OpenAI, { APIError } from 'openai';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/index.ts';
import { ChatStream } from './chat-stream.ts';
import { dataOf, eventOf } from './sse.ts';

const chunk = (choices: readonly object[], more: object = {}) =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices,
    ...more,
  });
const delta = (value: object, more: object = {}) =>
  chunk([{ index: 0, delta: value, logprobs: null, finish_reason: null, ...more }]);
const end = (index = 0, reason = 'stop') => chunk([{ index, delta: {}, finish_reason: reason }]);

const read = (data: string, codec = new ChatStream({})) => codec.read(data);
const lanes = (data: string) => read(data).texts.map(({ lane, text }) => `${lane}: ${text}`);

describe('what an event says', () => {
  it('is each text on the lane that it continues', () => {
    expect(
      lanes(delta({ role: 'assistant', content: 'Hello', refusal: 'No', reasoning_content: 'Hm' })),
    ).toEqual(['choice/0/content: Hello', 'choice/0/refusal: No', 'choice/0/reasoning_content: Hm']);
  });

  it('is the names and arguments of tool calls, by the index of the call', () => {
    const calls = [
      { index: 1, id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"q' } },
      { index: 2, function: { arguments: '":1}' } },
    ];
    expect(lanes(delta({ tool_calls: calls }))).toEqual([
      'choice/0/tool/1/name: find',
      'choice/0/tool/1/arguments: {"q',
      'choice/0/tool/2/arguments: ":1}',
    ]);
  });

  it('is on the lane of its choice, wherever the choice stands in the event', () => {
    const choices = [
      { index: 3, delta: { content: 'c' } },
      { index: 0, delta: { content: 'a' } },
    ];
    expect(lanes(chunk(choices))).toEqual(['choice/3/content: c', 'choice/0/content: a']);
  });

  it('is also what nobody knows, each on a lane of its own', () => {
    const choice = { index: 0, delta: { thoughts: [{ text: 'Hm' }] }, comment: 'aside' };
    expect(lanes(chunk([choice], { provider_note: 'psst' }))).toEqual([
      'event/provider_note~#: provider_note',
      'event/provider_note: psst',
      'choice/0/thoughts~#: thoughts',
      'choice/0/thoughts/0/text~#: text',
      'choice/0/thoughts/0/text: Hm',
      'choice/0/comment~#: comment',
      'choice/0/comment: aside',
    ]);
  });

  it('is the tokens of log probabilities on a lane of their own', () => {
    const logprobs = { content: [{ token: 'Hel' }, { token: 'lo' }] };
    expect(lanes(delta({ content: 'Hello' }, { logprobs }))).toEqual([
      'choice/0/content: Hello',
      'choice/0/logprobs/content: Hello',
    ]);
  });

  it('is nothing where there are only identifiers and numbers', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, details: { cached: 0 } };
    expect(
      lanes(chunk([], { usage, system_fingerprint: 'fp_1', service_tier: 'default', obfuscation: 'aB3' })),
    ).toEqual([]);
  });

  it.each([
    ['strange choices', chunk(['words' as unknown as object]), ['choice/0: words']],
    [
      'a strange delta',
      chunk([{ index: 0, delta: 'words' }]),
      ['choice/0/delta~#: delta', 'choice/0/delta: words'],
    ],
    ['strange tool calls', delta({ tool_calls: ['words'] }), ['choice/0/tool/0: words']],
  ])('is not lost in %s', (_, data, expected) => {
    expect(lanes(data)).toEqual(expected);
  });

  it('has no end in a long stream: the limit of texts is one of each event', () => {
    const codec = new ChatStream({});
    const data = delta({ reasoning_content: 'x' });
    for (let i = 0; i < 60_000; i += 1) codec.read(data);
    expect(codec.read(data).texts.length).toBe(1);
  });

  it.each(['', 'null', '[]', '"x"', '{"choices":', '{"error":{"message":"at host db-7"}}'])(
    'cannot be %j: that is a failure of the provider, and its words stay here',
    (data) => {
      expect(() => read(data)).toThrow(
        expect.objectContaining({ code: 'upstream-failed', detail: undefined }),
      );
    },
  );
});

describe('the end of an answer', () => {
  it('is from the finish reason on', () => {
    const codec = new ChatStream({});
    const finishes = [delta({ content: 'a' }), end(), chunk([], { usage: null }), '[DONE]'].map(
      (data) => codec.read(data).finish,
    );
    expect(finishes).toEqual([false, true, true, true]);
  });

  it('is with the last of several choices', () => {
    const codec = new ChatStream({ n: 3 });
    const events = [end(1), end(1), delta({ content: 'a' }), end(0), end(2), chunk([])];
    expect(events.map((data) => codec.read(data).finish)).toEqual([false, false, false, false, true, true]);
  });

  it('is with [DONE] whatever came before', () => {
    expect(read('[DONE]', new ChatStream({ n: 2 })).finish).toBe(true);
  });

  it('says what was used, where it says it', () => {
    expect(
      read(chunk([], { usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 } })).usage,
    ).toEqual({
      inputTokens: 7,
      outputTokens: 3,
    });
    expect(read(chunk([], { usage: null })).usage).toBeUndefined();
    expect(read(chunk([], { usage: { prompt_tokens: -1, completion_tokens: 'x' } })).usage).toBeUndefined();
  });
});

describe('an event written anew', () => {
  const codec = new ChatStream({});

  it('has the new texts in their order, and all else as it was', () => {
    const event = codec.read(
      delta({
        role: 'assistant',
        content: 'Ada',
        tool_calls: [{ index: 0, function: { arguments: '"Bob"' } }],
      }),
    );
    const written = JSON.parse(codec.write(event, ['[NAME]', '"[NAME]"']));
    expect(written).toEqual(
      JSON.parse(
        delta({
          role: 'assistant',
          content: '[NAME]',
          tool_calls: [{ index: 0, function: { arguments: '"[NAME]"' } }],
        }),
      ),
    );
  });

  it('with the same texts is the same event', () => {
    const data = delta({ content: 'Ada' }, { logprobs: { content: [{ token: 'Ada' }] } });
    expect(codec.write(codec.read(data), ['Ada', 'Ada'])).toBe(data);
  });

  it('has no log probabilities for a text that was changed', () => {
    const event = codec.read(delta({ content: 'Ada' }, { logprobs: { content: [{ token: 'Ada' }] } }));
    expect(codec.write(event, ['[NAME]', 'Ada'])).not.toContain('Ada');
  });

  it('can be written more than once', () => {
    const event = codec.read(delta({ content: 'Ada' }));
    expect(codec.write(event, [''])).toBe(delta({ content: '' }));
    expect(codec.write(event, ['x'])).toBe(delta({ content: 'x' }));
  });

  it('needs as many texts as it had: one that is missing would leave the old one', () => {
    expect(() => codec.write(codec.read(delta({ content: 'Ada' })), [])).toThrow(TypeError);
  });

  it('keeps [DONE]', () => {
    expect(codec.write(codec.read('[DONE]'), [])).toBe('[DONE]');
  });
});

describe('a stream that failed', () => {
  const codec = new ChatStream({});

  it('says so in the shape of the API, without what is for operators', () => {
    const error = new Fault('content-blocked', {
      detail: 'A guard refused the answer.',
      because: 'at host db-7',
    });
    const data = dataOf(codec.failure(error, 'req_1'));
    expect(JSON.parse(data ?? '')).toEqual({
      error: {
        message: 'A guard refused the answer.',
        type: 'permission_error',
        param: null,
        code: 'content-blocked',
        request_id: 'req_1',
      },
    });
  });

  it('says nothing of an error that nobody expected', () => {
    const data = dataOf(codec.failure(new Error('password at host db-7'), 'req_1'));
    expect(data).toContain('Internal error');
    expect(data).not.toContain('db-7');
  });

  it('is an APIError to the official client, after the text that came before', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(eventOf(delta({ content: 'Hello' })));
      response.end(codec.failure(new Fault('upstream-failed'), 'req_1'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      const client = new OpenAI({ apiKey: 'x', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
      const stream = await client.chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content: 'Hi' }],
        stream: true,
      });
      const seen: unknown[] = [];
      const reading = (async () => {
        for await (const event of stream) seen.push(event.choices[0]?.delta.content);
      })();
      await expect(reading).rejects.toBeInstanceOf(APIError);
      expect(seen).toEqual(['Hello']);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
