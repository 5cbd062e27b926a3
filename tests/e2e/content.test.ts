import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../support/administer.ts';
import { ask } from '../support/ask.ts';
import { openaiClient, textsOf, user } from '../support/openai-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* What passes through: everything, byte for byte, but secrets. The provider here keeps what it gets, and says what it is told to. */

/** AWS's own example of a key, as their documentation prints it. */
const secret = 'AKIAIOSFODNN7EXAMPLE';
const mark = '[redacted:aws-access-key-id]';

let provider: Server;
let received: string[] = [];
/** What the provider answers next: the pieces of a stream, or one text. */
let pieces: readonly string[] = ['Hello'];
let vallum: Vallum;
let key: string;
let openai: OpenAI;

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'parrot',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`;

beforeAll(async () => {
  provider = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const piece of request) body.push(piece);
    const text = Buffer.concat(body).toString();
    received.push(text);
    if ((JSON.parse(text) as { stream?: boolean }).stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const content of pieces) response.write(chunk({ content }));
      response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    const message = { role: 'assistant', content: pieces.join('') };
    response.end(
      JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1,
        model: 'parrot',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
      }),
    );
  });
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const { port } = provider.address() as AddressInfo;
  vallum = await startVallum({
    settings: {
      models: {
        providers: [{ name: 'parrot', base_url: `http://127.0.0.1:${port}/v1`, models: [{ id: 'parrot' }] }],
      },
    },
  });
  ({ key } = await makeKey(vallum));
  openai = openaiClient(vallum, key);
});
afterAll(async () => {
  await vallum?.remove();
  provider?.closeAllConnections();
  provider?.close();
});

/** Sends a prompt, and gives back what the provider got. */
async function forwarded(body: object | string): Promise<string> {
  received = [];
  const answer = await ask(vallum, '/v1/chat/completions', { key, body });
  expect({ status: answer.status, calls: received.length, text: answer.text }).toMatchObject({
    status: 200,
    calls: 1,
  });
  return received[0] ?? '';
}

describe('a prompt', () => {
  it.each([
    [
      'fields nobody knows',
      '{"model":"parrot","x_new":{"deep":[1,{"a":null}]},"messages":[{"role":"user","content":"Hi","x":1}]}',
    ],
    [
      'numbers that JavaScript cannot hold',
      '{"model":"parrot","seed":1,"x":12345678901234567890.10,"messages":[{"role":"user","content":"Hi"}]}',
    ],
    [
      'white space and order',
      '{ "messages" : [ {"content":"Hi",\n\t"role":"user"} ],\r\n "model":"parrot" }',
    ],
    [
      'escapes and every script',
      '{"model":"parrot","messages":[{"role":"user","content":"\\u0041 é 日本 \\ud83d\\ude00 😀 \\/"}]}',
    ],
    [
      'members named like what objects have',
      '{"model":"parrot","toString":{"a":1},"constructor":1,"messages":[{"role":"user","content":"Hi"}]}',
    ],
  ])('goes out byte for byte: %s', async (_, body) => {
    expect(await forwarded(body)).toBe(body);
  });

  it('goes out byte for byte, whatever its words', async () => {
    // Names of letters: the WAF judges names, also those of fields that nobody knows, and what this draws would now and then be an attack.
    const unknown = fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom(...'abcXYZ 019é日😀') });
    await fc.assert(
      fc.asyncProperty(fc.lorem({ maxCount: 40 }), unknown, async (words, extra) => {
        // Strings of an unknown field are content too; this is about those without any finding.
        const body = JSON.stringify({ model: 'parrot', messages: [user(words)], x_extra: extra });
        expect(await forwarded(body)).toBe(body);
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it.each([
    ['in the text', { messages: [user(`My key is ${secret}, keep it`)] }],
    ['in a part', { messages: [{ role: 'user', content: [{ type: 'text', text: `key ${secret}` }] }] }],
    [
      'in what a tool said',
      {
        messages: [
          user('Go'),
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'c', type: 'function', function: { name: 'f', arguments: `{"key":"${secret}"}` } },
            ],
          },
          { role: 'tool', tool_call_id: 'c', content: `found ${secret}` },
        ],
      },
    ],
    ['in a field nobody knows', { messages: [user('Hi')], x_new: { deep: [`${secret}`] } }],
  ])('loses its secrets before it leaves: %s', async (_, more) => {
    const sent = await forwarded({ model: 'parrot', x_number: 7, ...more });
    expect(sent).not.toContain(secret);
    expect(sent).toContain(mark);
    expect(JSON.parse(sent)).toMatchObject({ model: 'parrot', x_number: 7 });
  });

  it('that lost something is answered under the decision to restrict, with the reason on record', async () => {
    const { response } = await openai.chat.completions
      .create({ model: 'parrot', messages: [user(`My key is ${secret}`)] })
      .withResponse();
    expect(response.headers.get('x-vallum-decision')).toBe('restrict');
    const id = response.headers.get('x-vallum-request-id');
    expect(await openai.get(`/requests/${id}`)).toMatchObject({
      decision: 'restrict',
      ended: 'complete',
      reasons: [{ by: 'guard:secrets', code: 'aws-access-key-id' }],
    });
  });
});

describe('an answer', () => {
  const answered = async (parts: readonly string[]) => {
    pieces = parts;
    const request = { model: 'parrot', messages: [user('Say it')] };
    const plain = await openai.chat.completions.create(request);
    const streamed = await textsOf(await openai.chat.completions.create({ ...request, stream: true }));
    return { plain: plain.choices[0]?.message.content ?? '', streamed: streamed.join('') };
  };
  const text = `The key is ${secret} and no more. Good day.`;
  const expected = text.replace(secret, mark);

  it('loses its secrets, cut anywhere into two', async () => {
    const from = text.indexOf(secret);
    for (let at = from - 1; at <= from + secret.length + 1; at += 1)
      expect(await answered([text.slice(0, at), text.slice(at)])).toEqual({
        plain: expected,
        streamed: expected,
      });
  });

  it('loses its secrets, in pieces of one character', async () => {
    expect(await answered([...text])).toEqual({ plain: expected, streamed: expected });
  });

  it('loses its secrets, cut in any way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat({ max: text.length }), { maxLength: 8 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const parts = places.slice(1).map((to, i) => text.slice(places[i], to));
        expect((await answered(parts)).streamed).toBe(expected);
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('keeps everything else, and its events as they came', async () => {
    pieces = ['Nothing ', 'secret: ', 'Grüße 😀', ' done.'];
    const answer = await ask(vallum, '/v1/chat/completions', {
      key,
      body: { model: 'parrot', messages: [user('Say it')], stream: true },
    });
    expect(answer.text).toBe(
      `${pieces.map((content) => chunk({ content })).join('')}${chunk({}, 'stop')}data: [DONE]\n\n`,
    );
  });
});

describe('afterwards', () => {
  it('no secret is in what the server printed', () => {
    expect(vallum.output.stdout + vallum.output.stderr).not.toContain(secret);
  });
});
