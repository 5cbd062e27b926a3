import type { ServerResponse } from 'node:http';
import {
  type Exchange,
  type Fault,
  faultCatalog,
  faultOf,
  type Outlet,
  type ReplyHead,
} from '../kernel/index.ts';
import { renderError } from './problem.ts';

/** Sent with every reply. Nothing that we answer is a page, so nothing of it may run, be framed or be sniffed. */
const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** A producer that does not pause within a turn must learn that the client is slow. */
const flushBytes = 16 * 1024;

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
  /** Whether the client takes what is sent. */
  let flowing = true;
  response.on('drain', () => {
    flowing = true;
    x.resume?.();
  });

  /** Frames of this turn of the loop: a model sends several events in one piece, and each write of its own is a call of the system. */
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  function taken(): Uint8Array | undefined {
    const [first] = pending;
    const all = pending.length > 1 ? Buffer.concat(pending) : first;
    pending = [];
    pendingBytes = 0;
    return all;
  }
  function flush(): void {
    const bytes = taken();
    if (bytes && !response.writableEnded && !response.destroyed) flowing = response.write(bytes);
  }

  function headersOf(
    contentType: string,
    more: ReplyHead['headers'],
    length?: number,
  ): Record<string, string | number | string[]> {
    return {
      ...securityHeaders,
      ...(x.replyHeaders as Record<string, string | string[]> | undefined),
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

  function fail(error: unknown): void {
    onFault(x, error);
    if (response.destroyed || response.writableEnded) return;
    const fault = faultOf(error);
    if (response.headersSent) {
      flush();
      response.end(x.route.content?.stream?.(x.body).failure(fault, x.id));
      return;
    }
    pending = [];
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
          // RFC 9110, 11.6.1: each 401 has one.
          ...(code === 401 && { 'www-authenticate': challengeOf(fault) }),
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
      pending.push(bytes);
      if (waiting) return true;
      pendingBytes += bytes.length;
      if (pendingBytes >= flushBytes) flush();
      else if (pending.length === 1) process.nextTick(flush);
      return flowing;
    },
    end() {
      const last = taken();
      if (waiting) {
        const { status: code, contentType, headers } = waiting;
        response.writeHead(code, headersOf(contentType, headers, last?.length ?? 0));
      }
      // What is left and the end in one call are one segment on the wire.
      response.end(last);
    },
    fail,
  };
}

/** RFC 6750, section 3: which scheme, and an error code where a credential was sent. */
const challengeOf = ({ challenge }: Fault): string =>
  challenge ? `Bearer realm="vallum", error="${challenge}"` : 'Bearer realm="vallum"';

/** Milliseconds of so many µs, as text: to write a fraction takes longer than most steps. */
const millis = Array.from({ length: 1_000 }, (_, micros) => String(micros / 1_000));

/** W3C Server Timing: milliseconds per step. */
function timingOf(x: Exchange): string {
  let text = '';
  for (const { name, micros } of x.steps)
    text += `${text && ', '}${name};dur=${millis[micros] ?? micros / 1_000}`;
  return text;
}
