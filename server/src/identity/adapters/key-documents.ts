import { open } from 'node:fs/promises';
import { Agent } from 'undici';
import type { FetchKeys } from '../tokens/issuer-keys.ts';

interface KeyDocumentLimits {
  readonly timeoutMs: number;
  readonly sizeBytes: number;
}

/** Sets of some ten keys are a few KB; an issuer that needs longer is asked again later. */
const defaults: KeyDocumentLimits = { timeoutMs: 5_000, sizeBytes: 256 * 1024 };

/** JWK sets over HTTP or from a file. Follows no redirect and sends nothing of the caller's. */
export function keyDocuments(limits: Partial<KeyDocumentLimits> = {}): {
  fetchKeys: FetchKeys;
  close(): Promise<void>;
} {
  const { timeoutMs, sizeBytes } = { ...defaults, ...limits };
  // Asked every few minutes: a connection that is kept would be a dead one.
  const agent = new Agent({
    connections: 2,
    pipelining: 0,
    maxResponseSize: sizeBytes,
    connect: { timeout: timeoutMs },
  });

  async function overHttp(address: string): Promise<string> {
    const url = new URL(address);
    const { statusCode, headers, body } = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: {
        accept: 'application/jwk-set+json, application/json',
        'accept-encoding': 'identity',
        'user-agent': 'vallum',
      },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (statusCode !== 200 || headers['content-encoding']) {
      // Nobody reads what came; its end is awaited by nobody either.
      body.on('error', () => {}).destroy();
      throw new Error(
        `the answer has status ${statusCode}${headers['content-encoding'] ? ' and an encoding' : ''}`,
      );
    }
    return body.text();
  }

  async function fromFile(file: string): Promise<string> {
    await using handle = await open(file);
    const bytes = Buffer.alloc(sizeBytes + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    if (bytesRead > sizeBytes) throw new Error('the file is too large for a set of keys');
    return bytes.toString('utf8', 0, bytesRead);
  }

  return {
    fetchKeys: (source) => ('url' in source ? overHttp(source.url) : fromFile(source.file)),
    close: () => agent.destroy(),
  };
}
