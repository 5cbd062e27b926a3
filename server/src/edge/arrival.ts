import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Arrival, Fault } from '../kernel/index.ts';

interface ArrivalParts {
  readonly params: Readonly<Record<string, string>>;
  readonly address: string;
  readonly certificates?: (() => readonly X509Certificate[]) | undefined;
}

/** A request, as the path sees it. */
export function arrivalOf(
  request: IncomingMessage,
  { params, address, certificates }: ArrivalParts,
): Arrival {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: request.method ?? '',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    params,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    address,
    certificates,
    body: (limitBytes) => readAll(request, limitBytes),
  };
}

/** The whole body, or a fault; never more than the limit in memory. */
function readAll(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const tooLarge = (): Fault =>
    new Fault('too-large', { detail: `The body may have at most ${limitBytes} bytes.` });
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
      reject(tooLarge());
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      // The rest is read and thrown away, bounded by the request's time: a reset would lose the answer.
      chunks.length = 0;
      reject(tooLarge());
    });
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', (cause) =>
      reject(new Fault('request-timeout', { because: 'the body did not arrive', cause })),
    );
    request.on('close', () => {
      // An error costs its stack, so it is not made where nobody waits for it.
      if (!request.complete)
        reject(new Fault('request-timeout', { because: 'the client left before its body had arrived' }));
    });
  });
}
