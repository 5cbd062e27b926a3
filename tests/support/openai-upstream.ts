/**
 * A model provider on loopback that speaks OpenAI's chat completions API and fails on demand: what it does is the request's `model`.
 * It is a real HTTP server, so that what meets it is the real client.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface OpenaiUpstream {
  /** The base URL, version included. */
  readonly url: string;
  readonly received: ReceivedRequest[];
  /** Replies to requests for this model that the other side left before they were complete. */
  readonly leftEarly: (model: string) => number;
  /** Bytes of `endless` streams that were written so far. */
  readonly written: () => number;
  close(): Promise<void>;
}

interface ChatBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly n?: number;
  readonly stream_options?: { readonly include_usage?: boolean };
}

type Behaviour = (
  response: ServerResponse,
  body: ChatBody,
  state: { written: number },
) => void | Promise<void>;

const envelope = (model: string) => ({ id: 'chatcmpl-upstream', created: 1_760_000_000, model });
const answer = 'Grüße from the upstream – all is well.';
const usage = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 };

const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

const error = (message: string, more: Record<string, unknown> = {}) => ({
  error: { message, type: 'invalid_request_error', param: null, code: null, ...more },
});

const startStream = (response: ServerResponse, type = 'text/event-stream; charset=utf-8') => {
  response.writeHead(200, { 'content-type': type });
  response.flushHeaders();
};

const event = (data: unknown) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

const chunk = (model: string, delta: object, finish: string | null = null, index = 0) =>
  event({
    ...envelope(model),
    object: 'chat.completion.chunk',
    choices: [{ index, delta, logprobs: null, finish_reason: finish }],
  });

const completion = (body: ChatBody) => ({
  ...envelope(body.model),
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: answer, refusal: null }, finish_reason: 'stop' },
  ],
  usage,
});

/** Every event of a stream that goes well, for one choice or more. */
function* events({ model, n = 1, stream_options: options }: ChatBody): Generator<string> {
  for (let index = 0; index < n; index += 1)
    yield chunk(model, { role: 'assistant', content: '' }, null, index);
  for (const word of answer.split(/(?<= )/))
    for (let index = 0; index < n; index += 1) yield chunk(model, { content: word }, null, index);
  for (let index = 0; index < n; index += 1) yield chunk(model, {}, 'stop', index);
  if (options?.include_usage)
    yield event({ ...envelope(model), object: 'chat.completion.chunk', choices: [], usage });
  yield event('[DONE]');
}

const stream =
  (...parts: (string | Buffer)[]): Behaviour =>
  (response) => {
    startStream(response);
    for (const part of parts) response.write(part);
    response.end();
  };

const destroyed =
  (...parts: (string | Buffer)[]): Behaviour =>
  async (response) => {
    startStream(response);
    for (const part of parts) response.write(part);
    // Let what was written leave before the connection goes.
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.socket?.destroy();
  };

const never: Behaviour = () => {};
const hello = chunk('fault', { content: 'hello ' });
const finished = chunk('fault', {}, 'stop');
const cutInTheUmlaut = Buffer.from(chunk('fault', { content: 'Grüße' }));

/** What each model name does. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  ok(response, body) {
    if (!body.stream) return json(response, 200, completion(body));
    startStream(response);
    for (const part of events(body)) response.write(part);
    response.end();
  },
  /** Every byte in a write of its own, in a turn of its own. */
  async 'byte-by-byte'(response, body) {
    startStream(response);
    for (const part of events(body))
      for (const byte of Buffer.from(part)) {
        response.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    response.end();
  },
  'tool-call': stream(
    chunk('fault', {
      role: 'assistant',
      content: null,
      tool_calls: [
        { index: 0, id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '' } },
      ],
    }),
    chunk('fault', { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
    chunk('fault', { tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }] }),
    chunk('fault', {}, 'tool_calls'),
    event('[DONE]'),
  ),
  /** An interim response (RFC 8297) before the real one. */
  'early-hints'(response, body) {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    json(response, 200, completion(body));
  },
  'without-done': stream(hello, finished),
  heartbeats: stream(': keep-alive\n\n', hello, ': keep-alive\n\n', finished, event('[DONE]')),
  'other-fields': stream(`event: message\nid: 7\n: an aside\n${hello}`, finished, event('[DONE]')),
  'after-done': stream(hello, finished, event('[DONE]'), chunk('fault', { content: 'and one more thing' })),

  'status-400': (response) => json(response, 400, error('max_tokens is too large', { param: 'max_tokens' })),
  'status-401': (response) => json(response, 401, error('Incorrect API key provided: sk-up***cret')),
  'status-402': (response) => json(response, 402, error('The account of the operator is empty')),
  'status-403': (response) => json(response, 403, error('Project proj_123 has no access')),
  'status-404': (response) => json(response, 404, error('The model does not exist', { param: 'model' })),
  'status-404-html': (response) => {
    response.writeHead(404, { 'content-type': 'text/html' });
    response.end('<h1>no such page</h1>');
  },
  'status-413': (response) => json(response, 413, error('The request is too large')),
  'status-422': (response) => json(response, 422, error('messages must alternate')),
  'status-429': (response) =>
    json(response, 429, error('Rate limit of org-123 reached'), { 'retry-after': '7' }),
  'status-500': (response) => json(response, 500, error('The server had an error at host postgres-7')),
  'status-503': (response) => json(response, 503, error('overloaded'), { 'retry-after': '3' }),
  'echoes-key': (response) => json(response, 400, error('You sent sk-upstream-secret as key')),
  'long-error': (response) => json(response, 400, error(`bad\u0000\u202e${'x'.repeat(2000)}`)),
  'huge-error': (response) => json(response, 400, 'x'.repeat(1_000_000)),
  redirect: (response) => json(response, 307, '', { location: '/v1/elsewhere' }),

  'error-in-stream': stream(hello, event(error('The engine fell over at host gpu-3'))),
  'error-as-first-event': stream(event(error('The engine fell over at host gpu-3'))),
  'error-with-200': (response) => json(response, 200, error('The engine fell over at host gpu-3')),
  'cut-between-frames': stream(hello),
  'cut-in-frame': destroyed(hello, hello.slice(0, 40)),
  'cut-in-utf8': destroyed(hello, cutInTheUmlaut.subarray(0, cutInTheUmlaut.indexOf('ü') + 1)),
  'cut-in-body': (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"id":');
    setTimeout(() => response.socket?.destroy(), 20);
  },
  'nothing-at-all': stream(),
  garbage: stream('<html>\n\nthis is no stream\u0000\n\n'),
  'garbage-event': stream(hello, event('{"choices":[{"finish_reason":"stop"'), event('[DONE]')),
  'garbage-body': (response) => json(response, 200, '{"choices":'),
  'other-body': (response) => json(response, 200, '{"detail":"fine"}'),
  'wrong-content-type': (response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<h1>Welcome</h1>');
  },
  'json-for-stream': (response, body) => json(response, 200, completion(body)),
  compressed: (response) => json(response, 200, '{}', { 'content-encoding': 'gzip' }),
  'huge-frame': (response) => {
    startStream(response);
    response.end(`data: ${'x'.repeat(2_000_000)}\n\n`);
  },
  'huge-body': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const block = Buffer.alloc(1024 * 1024, 0x20);
    for (let i = 0; i < 40; i += 1) response.write(block);
    response.end('{}');
  },
  reset: (response) => {
    response.socket?.resetAndDestroy();
  },
  'hang-before-headers': never,
  'hang-before-events': (response) => startStream(response),
  'hang-in-stream': (response) => {
    startStream(response);
    response.write(hello);
  },
  'hang-after-done': (response) => {
    startStream(response);
    response.write(hello + finished + event('[DONE]'));
  },
  /** One event each 20 ms, without end. */
  slow(response) {
    startStream(response);
    const timer = setInterval(() => response.write(hello), 20);
    response.on('close', () => clearInterval(timer));
  },
  /** Events as fast as the other side takes them, without end. */
  endless(response, _, state) {
    startStream(response);
    const block = hello.repeat(100);
    const pump = () => {
      do state.written += block.length;
      while (!response.destroyed && response.write(block));
    };
    response.on('drain', pump);
    pump();
  },
};

/** Starts the provider on a free port of 127.0.0.1. */
export async function startOpenaiUpstream(): Promise<OpenaiUpstream> {
  const received: ReceivedRequest[] = [];
  const left: string[] = [];
  const state = { written: 0 };
  const server = createServer((request, response) => {
    answerTo(request, response).catch(() => response.socket?.destroy());
  });

  async function answerTo(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const text = Buffer.concat(pieces).toString('utf8');
    received.push({ path: request.url ?? '', headers: request.headers, text });
    if (request.method !== 'POST' || !request.url?.endsWith('/chat/completions'))
      return json(response, 404, 'no such path');
    const body: ChatBody = JSON.parse(text);
    response.on('close', () => {
      if (!response.writableFinished) left.push(body.model);
    });
    const behave = Object.hasOwn(behaviours, body.model) ? behaviours[body.model] : undefined;
    await (behave ?? ((_) => json(response, 404, error(`no behaviour ${body.model}`))))(
      response,
      body,
      state,
    );
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    received,
    leftEarly: (model) => left.filter((one) => one === model).length,
    written: () => state.written,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
