import { type Dispatcher, Pool } from 'undici';
import { type Clock, Fault, type Outlet, systemClock } from '../../kernel/index.ts';
import type { ModelCall, ModelInfo, ModelProvider } from '../models/provider.ts';
import { ChatCall } from './openai-chat-call.ts';

export interface OpenaiCompatibleConfig {
  readonly name: string;
  /** Up to the version, such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly models: readonly ModelInfo[];
  readonly timeouts?: Partial<ProviderTimeouts>;
  /** Calls at the same time; one more is refused at once, since a queue would only hide the shortage. */
  readonly connections?: number;
}

export interface ProviderTimeouts {
  readonly connectMs: number;
  /** Until the reply's headers; without streaming that is when the answer is complete. */
  readonly firstByteMs: number;
  /** Between two pieces of the reply; does not run while the client is the slow one. */
  readonly betweenBytesMs: number;
  readonly totalMs: number;
}

const defaultTimeouts: ProviderTimeouts = {
  connectMs: 5_000,
  firstByteMs: 300_000,
  betweenBytesMs: 120_000,
  totalMs: 600_000,
};
const defaultConnections = 512;

/**
 * Any provider that speaks OpenAI's chat completions API. Bytes go through as they are; the caller's credential never does.
 * @throws Error for a base URL or a key that cannot be used, saying which.
 */
export function openaiCompatible(config: OpenaiCompatibleConfig, clock: Clock = systemClock): ModelProvider {
  const { name, apiKey, models, connections = defaultConnections } = config;
  const timeouts = { ...defaultTimeouts, ...config.timeouts };
  const url = checkedUrl(name, config.baseUrl);
  if (apiKey !== undefined && !/^[!-~]+$/.test(apiKey))
    throw new Error(`provider ${name}: apiKey has spaces or characters that no header can carry`);
  const pool = new Pool(url.origin, {
    connections,
    connect: { timeout: timeouts.connectMs },
    headersTimeout: timeouts.firstByteMs,
    bodyTimeout: timeouts.betweenBytesMs,
    allowH2: false,
  });
  const path = `${url.pathname.replace(/\/+$/, '')}/chat/completions${url.search}`;
  const headers = {
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'vallum',
  };
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  let running = 0;

  return {
    name,
    models: () => models,
    invoke(call: ModelCall, outlet: Outlet) {
      if (call.exchange.aborted) {
        outlet.fail(new Fault('upstream-failed', { because: 'the client has gone before the call' }));
        return;
      }
      if (running >= connections) {
        const detail = 'Too many calls to this model are running. Try again in a moment.';
        outlet.fail(
          new Fault('unavailable', { detail, because: `${name}: ${running} calls`, retryAfterSeconds: 1 }),
        );
        return;
      }
      running += 1;
      const provider = { name, secret: apiKey, totalMs: timeouts.totalMs, clock };
      const handler = new ChatCall(provider, call, outlet, () => {
        running -= 1;
      });
      const options: Dispatcher.DispatchOptions = {
        method: 'POST',
        path,
        body: call.bytes,
        headers: {
          ...headers,
          ...authorization,
          accept: call.body.stream ? 'text/event-stream' : 'application/json',
          'x-request-id': call.exchange.id,
        },
      };
      pool.dispatch(options, handler);
    },
    close: () => pool.destroy(),
  };
}

function checkedUrl(name: string, baseUrl: string): URL {
  const url = URL.parse(baseUrl);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new Error(`provider ${name}: baseUrl is not an http or https URL`);
  if (url.username || url.password || url.hash)
    throw new Error(`provider ${name}: baseUrl may have no credential and no fragment; use apiKey`);
  return url;
}
