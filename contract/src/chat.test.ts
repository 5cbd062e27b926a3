import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { chatRequest } from './chat.ts';

const asking = (more: object) => ({ model: 'm', messages: [{ role: 'user', content: 'Hello' }], ...more });
const saying = (message: unknown) => asking({ messages: [message] });

/** What is wrong, as path and message. */
const issues = (value: unknown): string[] =>
  (chatRequest.safeParse(value).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
const fields = (value: unknown): string[] =>
  (chatRequest.safeParse(value).error?.issues ?? []).map(({ path }) => path.join('.'));

describe('a chat completion request', () => {
  it.each([
    [asking({})],
    [asking({ stream: true, stream_options: { include_usage: true }, n: 2, temperature: 0, max_tokens: 1 })],
    [asking({ stop: 'END', metadata: { a: 'b' }, logit_bias: { 50256: -100 }, seed: -1, user: null })],
    [asking({ tools: [{ type: 'function', function: { name: 'f', parameters: {} } }], tool_choice: 'auto' })],
    [asking({ tools: [{ type: 'custom', custom: { name: 'f' } }], tool_choice: { type: 'custom' } })],
    [asking({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } } })],
    [
      saying({
        role: 'user',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'image_url', image_url: { url: 'x' } },
        ],
      }),
    ],
    [saying({ role: 'user', content: [{ type: 'a_new_type', anything: 1 }] })],
    [
      saying({
        role: 'assistant',
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '' } }],
      }),
    ],
    [saying({ role: 'assistant', content: null, refusal: 'No' })],
    [saying({ role: 'tool', content: 'x', tool_call_id: 'c' })],
  ])('may be %j', (value) => {
    expect(issues(value)).toEqual([]);
  });

  it('is given back as the very object that came, with fields that nobody knows, __proto__ among them', () => {
    const value: unknown = JSON.parse(
      '{"model":"m","messages":[{"role":"user","content":"a","__proto__":"b"}],"top_k":1}',
    );
    expect(chatRequest.parse(value)).toBe(value);
  });

  it.each<[unknown, string[]]>([
    ['text', ['']],
    [null, ['']],
    [[], ['']],
    [{}, ['model', 'messages']],
    [asking({ model: '' }), ['model']],
    [asking({ model: 'two words' }), ['model']],
    [asking({ model: 'x'.repeat(257) }), ['model']],
    [asking({ messages: [] }), ['messages']],
    [asking({ stream: 'yes' }), ['stream']],
    [asking({ n: 0 }), ['n']],
    [asking({ n: 129 }), ['n']],
    [asking({ temperature: 3 }), ['temperature']],
    [asking({ max_tokens: 1.5 }), ['max_tokens']],
    [asking({ stop: [1] }), ['stop.0']],
    [asking({ metadata: { a: 1 } }), ['metadata.a']],
    [asking({ tools: [{ type: 'function' }] }), ['tools.0.function']],
    [asking({ tools: [{ type: 'function', function: { name: '' } }] }), ['tools.0.function.name']],
    [asking({ tool_choice: 1 }), ['tool_choice']],
    [asking({ stream_options: true }), ['stream_options']],
    [saying({ content: 'x' }), ['messages.0.role']],
    [saying({ role: 'constructor', content: 'x' }), ['messages.0.role']],
    [saying({ role: 'user' }), ['messages.0.content']],
    [saying({ role: 'user', content: 5 }), ['messages.0.content']],
    [saying({ role: 'user', content: [{ text: 'x' }] }), ['messages.0.content.0.type']],
    [saying({ role: 'user', content: [{ type: 'text' }] }), ['messages.0.content.0.text']],
    [saying({ role: 'user', content: [{ type: 'text', text: 1 }] }), ['messages.0.content.0.text']],
    [
      saying({ role: 'user', content: [{ type: 'image_url', image_url: {} }] }),
      ['messages.0.content.0.image_url.url'],
    ],
    [saying({ role: 'user', content: [{ type: 'input_audio' }] }), ['messages.0.content.0.input_audio']],
    [saying({ role: 'tool', content: 'x' }), ['messages.0.tool_call_id']],
    [saying({ role: 'function', content: 'x' }), ['messages.0.name']],
    [saying({ role: 'assistant', tool_calls: [{ id: 'c' }] }), ['messages.0.tool_calls.0.function']],
    [
      saying({ role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: {} } }] }),
      ['messages.0.tool_calls.0.function.arguments'],
    ],
  ])('may not be %j, and the error names %j', (value, expected) => {
    expect(fields(value)).toEqual(expected);
  });

  it('says what would be right', () => {
    expect(issues(saying({ role: 'user', content: 5 }))).toEqual([
      'messages.0.content: Invalid input: expected string or array',
    ]);
    expect(issues(saying({ role: 'user' }))).toEqual(['messages.0.content: this member is missing']);
  });

  it('is checked up to the first element that is wrong in each list, since a body may have millions of them', () => {
    expect(fields(asking({ messages: Array.from({ length: 100_000 }, () => 1) }))).toEqual(['messages.0']);
    expect(fields(saying({ role: 'user', content: [{ type: 'text', text: '' }, 1, 2] }))).toEqual([
      'messages.0.content.1',
    ]);
    expect(fields(asking({ metadata: { a: 'b', c: 1, d: 2 }, stop: ['a', 1, 2] }))).toEqual([
      'stop.1',
      'metadata.c',
    ]);
  });

  it('has a JSON Schema, for the description of the API', () => {
    expect(z.toJSONSchema(chatRequest)).toMatchObject({
      type: 'object',
      required: ['model', 'messages'],
      properties: { messages: { minItems: 1 } },
    });
  });
});
