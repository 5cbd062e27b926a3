import { type ChatRequest, chatRequest } from '@vallum/contract';
import { Exchange, newId, type Route } from '../../kernel/index.ts';
import type { ModelCall } from '../models/provider.ts';

const route: Route = {
  method: 'POST',
  path: '/v1/chat/completions',
  action: 'model:invoke',
  summary: 'for tests',
  api: 'openai',
  seals: 'each',
  bodyBytes: 0,
  answer: () => {},
};

/** An exchange whose body has been read; its caller's headers hold what must not go on to a provider. */
export function exchangeWith(body: ChatRequest, bytes = Buffer.from(JSON.stringify(body))): Exchange {
  const atMs = Date.UTC(2026, 0, 2);
  const exchange = new Exchange(newId('request', atMs), atMs, route, {
    method: 'POST',
    path: route.path,
    query: '',
    params: {},
    rawHeaders: [],
    headers: { authorization: 'Bearer the-callers-own', cookie: 'session=1' },
    address: '127.0.0.1',
    body: async () => bytes,
  });
  exchange.body = body;
  exchange.bytes = bytes;
  return exchange;
}

/** A call of a model as the route makes it. */
export function callOf(more: Record<string, unknown>): ModelCall {
  const body = chatRequest.parse({
    model: 'rehearsal',
    messages: [{ role: 'user', content: 'Hello' }],
    ...more,
  });
  const exchange = exchangeWith(body);
  return { bytes: exchange.bytes, body, exchange };
}
