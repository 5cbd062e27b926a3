import { type ChatRequest, chatCompletion, chatRequest, modelList } from '@vallum/contract';
import { type Exchange, Fault, type Route, route } from '../kernel/index.ts';
import type { Catalog } from './models/catalog.ts';
import { chatContent } from './models/chat-content.ts';
import { withModel } from './models/model-field.ts';

/** Images come within the body. */
const modelBodyBytes = 16 * 1024 * 1024;

/** The path has parsed the body with `chatRequest`, or refused. */
const requestOf = (exchange: Exchange): ChatRequest => exchange.body as ChatRequest;

/** What an answer is taken to need where the request does not bound it. */
const usualAnswerTokens = 4_096;

/** The most tokens that a call is held to use: a token for four bytes of the request, and its own bound on the answer, for each choice. */
const mostTokens = ({ max_completion_tokens, max_tokens, n }: ChatRequest, bytes: number): number =>
  Math.ceil(bytes / 4) + (max_completion_tokens ?? max_tokens ?? usualAnswerTokens) * (n ?? 1);

/** The routes by which callers reach models, in the words of OpenAI's API. */
export const modelRoutes = ({ catalog }: { readonly catalog: Catalog }): Route[] => [
  {
    method: 'POST',
    path: '/v1/chat/completions',
    action: 'model:invoke',
    summary: 'Ask a model for the next message of a conversation',
    api: 'openai',
    seals: 'each',
    bodyBytes: modelBodyBytes,
    body: chatRequest,
    reply: chatCompletion,
    content: chatContent,
    resource: (exchange) => `model/${requestOf(exchange).model}`,
    holds: (exchange) => mostTokens(requestOf(exchange), exchange.bytes.length),
    answer(exchange, outlet) {
      const body = requestOf(exchange);
      const entry = catalog.find(body.model);
      if (!entry)
        throw new Fault('not-found', {
          param: 'model',
          detail: `There is no model \`${body.model}\` here, or this key may not use it. GET /v1/models lists the models.`,
        });
      const { provider, upstream } = entry;
      const bytes = upstream === body.model ? exchange.bytes : withModel(exchange.bytes, upstream);
      provider.invoke({ bytes, body, exchange }, outlet);
    },
  },
  {
    ...route({
      method: 'GET',
      path: '/v1/models',
      action: 'model:list',
      summary: 'List the models that can be asked',
      seals: 'none',
      reply: modelList,
      handle: async () => ({
        object: 'list' as const,
        data: catalog.list().map(({ id, provider }) => ({
          id,
          object: 'model' as const,
          created: 0,
          owned_by: provider.name,
        })),
      }),
    }),
    api: 'openai',
  },
];
