import { Agent } from 'undici';
import { isSecureUrl } from '../tokens/issuer.ts';

/** Discovery documents, tokens and user info are some KB; a person waits meanwhile. */
const defaults = { timeoutMs: 5_000, sizeBytes: 256 * 1024 };
/** Fetch, 2.2.3: statuses whose answers have no body. */
const bodyless = new Set([101, 204, 205, 304]);

interface Options {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * What speaks HTTP with providers: bounded in size and time, follows no redirect, and goes by HTTPS wherever it leaves this machine, whatever a discovery document says.
 * It has the shape of `fetch`, which OAuth libraries ask for.
 */
export function providerHttp(limits: Partial<typeof defaults> = {}) {
  const { timeoutMs, sizeBytes } = { ...defaults, ...limits };
  const agent = new Agent({
    connections: 4,
    pipelining: 0,
    maxResponseSize: sizeBytes,
    connect: { timeout: timeoutMs },
  });
  return {
    async fetch(address: string, { method = 'GET', headers = {}, body }: Options = {}): Promise<Response> {
      if (!isSecureUrl(address)) throw new TypeError('a provider’s address is not https');
      const url = new URL(address);
      const answer = await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: method === 'POST' ? 'POST' : 'GET',
        headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': 'vallum' },
        ...(body !== undefined && body !== null && { body: String(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const bytes = new Uint8Array(await answer.body.arrayBuffer());
      const { statusCode: status } = answer;
      if (answer.headers['content-encoding']) throw new TypeError('the answer has an encoding');
      const type = answer.headers['content-type'];
      const shown = typeof type === 'string' ? { 'content-type': type } : {};
      return new Response(bodyless.has(status) ? null : bytes, { status, headers: shown });
    },
    close: (): Promise<void> => agent.destroy(),
  };
}
