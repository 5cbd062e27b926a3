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
import type { SecurityHeaders } from './security-headers.ts';

/** A producer that does not pause within a turn must learn that the client is slow. */
const flushBytes = 16 * 1024;

interface ReplyParts {
  readonly response: ServerResponse;
  /** Told of every fault that is shown, with what is not. */
  readonly onFault: (exchange: Exchange, error: unknown) => void;
  /** True where this is the connection's last reply. */
  readonly closing: () => boolean;
  readonly security: SecurityHeaders;
  /** How long a client may take nothing of what is sent, in ms; then its connection is cut. */
  readonly unreadMs: number;
}

/** The end of the path: what is written here has left. */
export function createReply(
  x: Exchange,
  { response, onFault, closing, security, unreadMs }: ReplyParts,
): Outlet & { status(): number | undefined } {
  let status: number | undefined;
  /** Whether the client takes what is sent. */
  let flowing = true;
  response.on('drain', () => {
    flowing = true;
    response.setTimeout(0);
    x.resume?.();
  });
  /** A client that does not read must not hold for ever what it was sent. Node sees each part of a write that is taken, and sets its own time once all is. */
  const limitUnread = (): void => {
    if (response.writableLength > 0) response.setTimeout(unreadMs);
  };

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
    if (!bytes || response.writableEnded || response.destroyed) return;
    flowing = response.write(bytes);
    if (!flowing) limitUnread();
  }

  function headersOf(
    contentType: string,
    more: ReplyHead['headers'],
    length?: number,
  ): Record<string, string | number | string[]> {
    return {
      ...security.of(contentType),
      ...(x.replyHeaders as Record<string, string | string[]> | undefined),
      ...more,
      'content-type': contentType,
      ...(length !== undefined && { 'content-length': length }),
      'x-vallum-request-id': x.id,
      'x-vallum-decision': x.decision,
      ...(x.ledgerIndex !== undefined && { 'x-vallum-ledger-index': x.ledgerIndex }),
      'server-timing': timingOf(x),
      ...(closing() && { connection: 'close' }),
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
    limitUnread();
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
      limitUnread();
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
