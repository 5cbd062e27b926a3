import type { ServerResponse } from 'node:http';
import { type Exchange, faultCatalog, faultOf, type Outlet, type ReplyHead } from '../kernel/index.ts';
import { renderError } from './problem.ts';

/** Sent with every reply. Nothing that we answer is a page, so nothing of it may run, be framed or be sniffed. */
const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

interface ReplyParts {
  readonly response: ServerResponse;
  /** Told of every fault that is shown, with what is not. */
  readonly onFault: (exchange: Exchange, error: unknown) => void;
  /** True while the process is stopping: connections are not kept. */
  readonly draining: () => boolean;
}

/** The end of the path: what is written here has left. */
export function createReply(
  x: Exchange,
  { response, onFault, draining }: ReplyParts,
): Outlet & { status(): number | undefined } {
  let status: number | undefined;
  response.on('drain', () => x.resume?.());

  function headersOf(
    contentType: string,
    more: ReplyHead['headers'],
    length?: number,
  ): Record<string, string | number> {
    return {
      ...securityHeaders,
      ...more,
      'content-type': contentType,
      ...(length !== undefined && { 'content-length': length }),
      'x-vallum-request-id': x.id,
      'x-vallum-decision': x.decision,
      ...(x.ledgerIndex !== undefined && { 'x-vallum-ledger-index': x.ledgerIndex }),
      'server-timing': timingOf(x),
      ...(draining() && { connection: 'close' }),
    };
  }

  /** A complete reply is written at once with its length; until then its head waits. */
  let waiting: ReplyHead | undefined;
  let whole: Uint8Array | undefined;

  function fail(error: unknown): void {
    onFault(x, error);
    if (response.destroyed || response.writableEnded) return;
    const fault = faultOf(error);
    if (response.headersSent) {
      response.end(x.route.content?.stream?.(x.body).failure(fault, x.id));
      return;
    }
    const { body, contentType, status: code } = renderError(x, fault);
    status = code;
    const { retry } = faultCatalog[fault.code];
    response.writeHead(
      code,
      headersOf(
        contentType,
        {
          ...(!retry && { 'x-should-retry': 'false' }),
          ...(fault.retryAfterSeconds !== undefined && { 'retry-after': String(fault.retryAfterSeconds) }),
          ...(fault.code === 'not-authenticated' && { 'www-authenticate': 'Bearer realm="vallum"' }),
        },
        body.length,
      ),
    );
    response.end(body);
  }

  return {
    status: () => status,
    head(head) {
      status = head.status;
      if (!head.streaming) waiting = head;
      else response.writeHead(head.status, headersOf(head.contentType, head.headers));
    },
    frame(bytes) {
      if (!waiting) return response.write(bytes);
      whole = whole ? Buffer.concat([whole, bytes]) : bytes;
      return true;
    },
    end() {
      if (waiting) {
        const { status: code, contentType, headers } = waiting;
        response.writeHead(code, headersOf(contentType, headers, whole?.length ?? 0));
      }
      // Head and body in one call are one segment on the wire.
      response.end(whole);
    },
    fail,
  };
}

/** W3C Server Timing: milliseconds per step. */
function timingOf(x: Exchange): string {
  let text = '';
  for (const { name, micros } of x.steps) text += `${text && ', '}${name};dur=${Math.round(micros) / 1000}`;
  return text;
}
