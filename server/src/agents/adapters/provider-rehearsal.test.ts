import { chatChunk, chatCompletion } from '@vallum/contract';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/index.ts';
import { callOf } from '../testing/model-call.ts';
import { RecordingOutlet } from '../testing/recording-outlet.ts';
import { rehearsal } from './provider-rehearsal.ts';

const provider = rehearsal();

function start(more: Record<string, unknown>, takesMore?: (frames: number) => boolean) {
  const call = callOf(more);
  const outlet = new RecordingOutlet(takesMore);
  provider.invoke(call, outlet);
  return { call, outlet };
}
async function answer(more: Record<string, unknown>) {
  const { call, outlet } = start(more);
  await outlet.over;
  return { call, outlet };
}
const user = (content: string) => [{ role: 'user', content }];
const completion = async (more: Record<string, unknown>) => {
  const { outlet } = await answer(more);
  expect(outlet.failure).toBeUndefined();
  return chatCompletion.parse(JSON.parse(outlet.text));
};
const said = async (more: Record<string, unknown>) =>
  (await completion(more)).choices.map(({ message }) => message.content);

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        days: { type: 'integer', minimum: 2 },
        unit: { enum: ['c', 'f'] },
      },
      required: ['city', 'days'],
    },
  },
};

describe('the rehearsal model', () => {
  it('says what it is and what it was asked', async () => {
    const [text] = await said({ messages: user('What is a rampart?') });
    expect(text).toContain('rehearsal model');
    expect(text).toContain('What is a rampart?');
  });

  it('says the same to the same, complete and streamed', async () => {
    const more = { messages: user('Hello, how are you?') };
    const [text] = await said(more);
    expect(await said(more)).toEqual([text]);
    const { outlet } = await answer({ ...more, stream: true });
    expect(outlet.content()).toBe(text);
  });

  it('streams in the shape of the API and finishes with the finish reason', async () => {
    const { outlet } = await answer({ stream: true, stream_options: { include_usage: true } });
    expect(outlet.ended).toBe(true);
    expect(outlet.replyHead?.streaming).toBe(true);
    const chunks = outlet.data.slice(0, -1).map((data) => chatChunk.parse(JSON.parse(data)));
    expect(outlet.data.at(-1)).toBe('[DONE]');
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 2 } });
    expect(outlet.frames.filter(({ finish }) => finish).length).toBe(3);
  });

  it('counts a token for each four characters', async () => {
    const { call, outlet } = await answer({ messages: user('12345678 [[rehearse: say="123456789"]]') });
    const { usage } = JSON.parse(outlet.text);
    expect(usage).toEqual({ prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 });
    expect(call.exchange.usage).toEqual({ inputTokens: 10, outputTokens: 3, estimated: false });
  });

  it('gives as many choices as it is asked for, side by side', async () => {
    expect((await said({ n: 3, messages: user('[[rehearse: say=x]]') })).length).toBe(3);
    const { outlet } = await answer({ n: 2, stream: true, messages: user('[[rehearse: say=Hello]]') });
    expect([outlet.content(0), outlet.content(1)]).toEqual(['Hello', 'Hello']);
    expect(outlet.frames.filter(({ finish }) => finish).length).toBe(2);
  });

  it('stops at the limit of tokens and at a stop word, as models do', async () => {
    const limited = await completion({ messages: user('[[rehearse: length=100]]'), max_tokens: 5 });
    expect(limited.choices[0]).toMatchObject({ finish_reason: 'length' });
    expect(limited.choices[0]?.message.content?.length).toBe(20);
    expect(
      await said({ messages: user('[[rehearse: say="one two three"]]'), stop: ['three', ' two'] }),
    ).toEqual(['one']);
  });

  it('answers in the format that it is asked for', async () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const [json] = await said({
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(JSON.parse(json ?? '')).toEqual({ ok: true });
  });

  it('never cuts a character in two', async () => {
    const { outlet } = await answer({ stream: true, messages: user('[[rehearse: chunk=1 say="a🎉b🎉"]]') });
    expect(outlet.content()).toBe('a🎉b🎉');
    expect(outlet.text).not.toMatch(/\\ud/);
    expect(outlet.text).not.toContain('\ufffd');
  });
});

describe('tools of the rehearsal model', () => {
  it.each([
    ['a tool is required', { tool_choice: 'required' }],
    ['one is named', { tool_choice: { type: 'function', function: { name: 'get_weather' } } }],
    ['the prompt asks for it', { messages: user('Weather? [[rehearse: tool=get_weather]]') }],
  ])('are called when %s, with arguments that their schema allows', async (_, more) => {
    const { choices } = await completion({ tools: [weather], ...more });
    expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
    const call = choices[0]?.message.tool_calls?.[0]?.function;
    expect(call?.name).toBe('get_weather');
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ city: 'example', days: 2 });
  });

  it('stream their arguments in pieces', async () => {
    const messages = user('[[rehearse: chunk=4]]');
    const { outlet } = await answer({ stream: true, tools: [weather], tool_choice: 'required', messages });
    const calls = outlet.data
      .slice(0, -1)
      .flatMap((data) => JSON.parse(data).choices[0].delta.tool_calls ?? []);
    expect(calls.length).toBeGreaterThan(3);
    expect(JSON.parse(calls.map((call) => call.function.arguments).join(''))).toEqual({
      city: 'example',
      days: 2,
    });
  });

  it('are not called once they have answered: the reply uses the result', async () => {
    const messages = [
      ...user('[[rehearse: tool=get_weather]]'),
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'Sunny in Oslo' },
    ];
    const [text] = await said({ tools: [weather], messages, tool_choice: 'required' });
    expect(text).toContain('The tool get_weather answered: Sunny in Oslo');
  });

  it('are not called where nothing asks for it, or they are forbidden', async () => {
    expect((await said({ tools: [weather] }))[0]).toContain('rehearsal model');
    const messages = user('[[rehearse: tool=get_weather]]');
    expect((await said({ tools: [weather], tool_choice: 'none', messages }))[0]).toContain('rehearsal model');
  });

  it.each([
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ tools: [weather], tool_choice: { type: 'function', function: { name: 'other' } } }, 'tool_choice'],
    [{ tools: [weather], messages: user('[[rehearse: tool=other]]') }, 'messages'],
  ])('that are not there are an error of the request: %j', async (more, param) => {
    const { outlet } = await answer(more);
    expect(outlet.failure).toMatchObject({ code: 'input-invalid', param });
  });
});

describe('directives', () => {
  it('set the words, the length and the size of the pieces', async () => {
    expect(await said({ messages: user('x [[rehearse: say="a \\"b\\" ]] c"]]') })).toEqual(['a "b" ]] c']);
    expect((await said({ messages: user('[[rehearse: length=2000]]') }))[0]?.length).toBe(2000);
    const { outlet } = await answer({ stream: true, messages: user('[[rehearse: length=100 chunk=10]]') });
    // The role, ten pieces, the end and [DONE].
    expect(outlet.frames.length).toBe(13);
  });

  it('are taken from the last thing that the user said, and not repeated', async () => {
    const messages = [
      ...user('[[rehearse: say=old]]'),
      { role: 'assistant', content: 'old' },
      ...user('And [[rehearse: chunk=3]] now?'),
    ];
    const [text] = await said({ messages });
    expect(text).toContain('You said: And now?');
  });

  it.each([
    [400, 'input-invalid'],
    [401, 'upstream-failed'],
    [413, 'too-large'],
    [429, 'rate-limited'],
    [500, 'upstream-failed'],
  ])('make it fail with %i as a provider would: %s', async (status, code) => {
    const { outlet } = await answer({ stream: true, messages: user(`[[rehearse: error=${status}]]`) });
    expect(outlet.failure).toMatchObject({ code });
    expect(outlet.replyHead).toBeUndefined();
  });

  it('break the stream off without an end', async () => {
    const { outlet } = await answer({ stream: true, messages: user('[[rehearse: cut=3]]') });
    expect(outlet.failure).toMatchObject({ code: 'upstream-failed' });
    expect(outlet.frames.length).toBe(3);
    expect(outlet.text).not.toContain('[DONE]');
    expect((await answer({ messages: user('[[rehearse: cut=3]]') })).outlet.failure).toBeInstanceOf(Fault);
  });

  it.each([
    'dealy=5',
    'delay=soon',
    'delay=999999',
    'chunk=0',
    'error=200',
    'length=1000001',
    'say',
    'say="open',
    '__proto__=1',
    'constructor=1',
  ])('that cannot be followed, such as %s, are an error that lists what can be', async (wrong) => {
    const { outlet } = await answer({ messages: user(`[[rehearse: ${wrong}]]`) });
    expect(outlet.failure).toMatchObject({
      code: 'input-invalid',
      param: 'messages',
      detail: expect.stringContaining('Known are delay=200ms'),
    });
  });
});

describe('the pace of the rehearsal model', () => {
  it('is at once without a delay: everything is there when invoke returns', () => {
    const { outlet } = start({ stream: true });
    expect(outlet.ended).toBe(true);
  });

  it('is that of the delay with one', async () => {
    const { outlet } = start({ stream: true, messages: user('[[rehearse: delay=5ms say=Hi]]') });
    expect(outlet.frames).toEqual([]);
    await outlet.over;
    expect(outlet.content()).toBe('Hi');
    const complete = start({ messages: user('[[rehearse: delay=5 say=Hi]]') });
    expect(complete.outlet.frames).toEqual([]);
    await complete.outlet.over;
    expect(complete.outlet.ended).toBe(true);
  });

  it('is that of the client: it stops when the client takes no more, and loses nothing', () => {
    const { call, outlet } = start(
      { stream: true, messages: user('[[rehearse: length=200 chunk=1]]') },
      () => false,
    );
    for (let frames = 1; !outlet.ended; frames += 1) {
      expect(outlet.frames.length).toBe(frames);
      call.exchange.resume?.();
    }
    expect(outlet.content().length).toBe(200);
  });

  it('ends when the client leaves, with one ending', async () => {
    const { call, outlet } = start({ stream: true, messages: user('[[rehearse: delay=5 length=1000]]') });
    await expect.poll(() => outlet.frames.length).toBeGreaterThan(0);
    call.exchange.abort();
    const frames = outlet.frames.length;
    expect(outlet.failure).toBeInstanceOf(Fault);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(outlet.frames.length).toBe(frames);
  });

  it('ends with the error of a stage behind the outlet that throws', () => {
    const broken = new Error('a guard broke');
    const { outlet } = start({ stream: true }, () => {
      throw broken;
    });
    expect(outlet.failure).toBe(broken);
  });
});
