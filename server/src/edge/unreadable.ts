import type { Socket } from 'node:net';
import {
  type Arrival,
  Exchange,
  Fault,
  type FaultCode,
  faultCatalog,
  newId,
  type Route,
} from '../kernel/index.ts';
import { renderError } from './problem.ts';
import type { SecurityHeaders } from './security-headers.ts';

/** A route that refuses, for what no route of the API is meant by. It goes along the path, so that it is limited and counted like any other. */
export const refusing = (code: FaultCode, detail: string): Route => ({
  method: 'GET',
  path: '*',
  action: 'open',
  summary: 'What is refused before it is known what was meant',
  api: 'vallum',
  seals: 'none',
  bodyBytes: 0,
  answer() {
    throw new Fault(code, { detail });
  },
});

const unread = refusing('input-invalid', 'not HTTP');

/**
 * Bytes that are no HTTP never become an exchange. They get an error like any other, and their connection ends: nobody knows where the
 * next request on it would begin.
 */
export function refuseUnreadable(
  error: Error,
  socket: Socket,
  { nowMs, address, security }: { nowMs: number; address: string; security: SecurityHeaders },
): void {
  if (!socket.writable || Reflect.get(error, 'code') === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const arrival: Arrival = {
    method: '',
    path: '',
    query: '',
    params: {},
    headers: {},
    rawHeaders: [],
    address,
    body: async () => Buffer.alloc(0),
  };
  const x = new Exchange(newId('request', nowMs), nowMs, unread, arrival);
  const fault = faultIn(error);
  const { status, contentType, body } = renderError(x, fault);
  const head = [
    `HTTP/1.1 ${status} ${reasonPhrases[status] ?? ''}`,
    `content-type: ${contentType}`,
    `content-length: ${body.length}`,
    `x-vallum-request-id: ${x.id}`,
    'x-vallum-decision: block',
    ...(faultCatalog[fault.code].retry ? [] : ['x-should-retry: false']),
    ...Object.entries(security.of(contentType)).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}

const reasonPhrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** What Node's parser says, as a fault. Its message may quote what was sent. */
function faultIn(error: Error): Fault {
  switch (Reflect.get(error, 'code')) {
    case 'HPE_HEADER_OVERFLOW':
      return new Fault('headers-too-large', { detail: 'Send at most 32 KiB of request line and headers.' });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Fault('request-timeout');
    default:
      return new Fault('input-invalid', { detail: 'This is not a valid HTTP/1.1 request.' });
  }
}
