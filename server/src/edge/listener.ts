import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import {
  type Arrival,
  type Clock,
  Exchange,
  Fault,
  newId,
  type RequestPath,
  type Route,
  type Service,
} from '../kernel/index.ts';
import { createDeadline } from './deadline.ts';
import { InFlight } from './in-flight.ts';
import { createReply } from './reply.ts';
import { runExchange } from './run.ts';
import { refuseUnreadable, refusing } from './unreadable.ts';

interface ListenerParts {
  readonly host: string;
  readonly port: number;
  readonly routes: readonly Route[];
  readonly path: RequestPath;
  readonly clock: Clock;
  readonly stepDeadlineMs: number;
  /** How long running exchanges have to end at a stop, in ms. */
  readonly drainMs: number;
  readonly onFault: (exchange: Exchange, error: unknown) => void;
  readonly onOver: (exchange: Exchange, status: number | undefined) => void;
}

/** Headers and first line together. */
const headerBytes = 32 * 1024;
const pathPartUnits = 512;
const headersTimeoutMs = 15_000;
const bodyTimeoutMs = 30_000;
/** A few turns of the loop; a bound, since a request that was pipelined behind another one may never be told. */
const brokenOffMs = 1_000;

/** The reply that a connection is waiting for, or getting. */
const latest = Symbol('latest reply');
type AnsweringSocket = Socket & { [latest]?: ServerResponse | undefined };

export interface Listener extends Service {
  /** The port that was given, once it listens. */
  port(): number;
  draining(): boolean;
  /** The exchanges under way. */
  running(): readonly Exchange[];
}

/** Fastify for listening and routing, and nothing else: each route is hijacked at once, and what happens to it is the request path (ADR 6). */
export function createListener({ host, port, routes, path, clock, ...parts }: ListenerParts): Listener {
  let draining = false;
  const deadline = createDeadline(parts.stepDeadlineMs);
  const running = new InFlight<Exchange>();
  let idle = (): void => {};

  const server = fastify({
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: false, caseSensitive: true, maxParamLength: pathPartUnits },
    // A request without a host is refused below, in our words.
    http: { maxHeaderSize: headerBytes, requireHostHeader: false },
    requestTimeout: bodyTimeoutMs,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    forceCloseConnections: false,
    // Its router's own errors: the path cannot be decoded, or a part of it is too long.
    frameworkErrors(_error, request, reply) {
      reply.hijack();
      serve(wrongPath, request.raw, reply.raw, {});
    },
    clientErrorHandler(error, socket) {
      // Words of ours in the middle of an answer would be taken for a part of it.
      if ((socket as AnsweringSocket)[latest]?.headersSent) socket.destroy();
      else refuseUnreadable(error, socket, clock.now());
    },
  });
  server.server.on('checkExpectation', (request, response) => serve(wrongExpectation, request, response, {}));
  server.server.headersTimeout = headersTimeoutMs;

  function serve(
    route: Route,
    request: IncomingMessage,
    response: ServerResponse,
    params: Record<string, string>,
  ): void {
    const now = clock.now();
    // RFC 9112, section 3.2. An older HTTP knows none, and load balancers still ask in it.
    const served = request.headers.host === undefined && request.httpVersion === '1.1' ? withoutHost : route;
    const x = new Exchange(newId('request', now), now, served, arrivalOf(request, params));
    const reply = createReply(x, { response, onFault: parts.onFault, draining: () => draining });
    const one = running.add(x);
    const socket: AnsweringSocket = request.socket;
    socket[latest] = response;
    response.on('close', () => {
      if (!response.writableFinished) {
        x.clientGone = true;
        x.abort();
      }
      x.over();
    });
    x.whenOver(() => {
      running.remove(one);
      if (socket[latest] === response) socket[latest] = undefined;
      parts.onOver(x, reply.status());
      if (running.size === 0) idle();
    });
    void runExchange({ path, clock, deadline }, x, reply);
  }

  // As soon as the route is known, and before anything of Fastify's looks at the body: the path does, after authentication.
  server.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    // A path that nobody knows goes along the same path, so that it is limited and counted like any other.
    const { route = nothingHere } = request.routeOptions.config as { route?: Route };
    serve(route, request.raw, reply.raw, (request.params ?? {}) as Record<string, string>);
  });
  for (const route of routes)
    server.route({ method: route.method, url: route.path, config: { route }, handler() {} });
  server.setNotFoundHandler(() => {});

  /** Until nothing runs any more, or so long. */
  async function untilIdle(ms: number): Promise<void> {
    if (running.size === 0) return;
    await Promise.race([
      new Promise<void>((resolve) => {
        idle = resolve;
      }),
      new Promise((resolve) => setTimeout(resolve, ms).unref()),
    ]);
  }

  return {
    name: 'edge listener',
    port() {
      const address = server.server.address();
      return typeof address === 'object' && address ? address.port : port;
    },
    draining: () => draining,
    running: () => running.all(),
    async start() {
      await server.listen({ host, port });
    },
    async stop() {
      draining = true;
      const closed = new Promise<void>((resolve) => server.server.close(() => resolve()));
      server.server.closeIdleConnections();
      await untilIdle(parts.drainMs);
      // Told before the providers stop: the record would blame one of them for our stop.
      for (const x of running.all()) x.abort();
      server.server.closeAllConnections();
      await closed;
      // Each exchange ends once its connection has.
      await untilIdle(brokenOffMs);
    },
  };
}

// What has no route of its own, as routes like any other.
const nothingHere = refusing('not-found', 'No such path, or not with this method.');
const wrongPath = refusing(
  'input-invalid',
  `path: has a part that is not percent-encoded UTF-8, or longer than ${pathPartUnits} characters.`,
);
const withoutHost = refusing('input-invalid', 'headers: HTTP/1.1 needs a Host header.');
const wrongExpectation = refusing('input-invalid', 'headers: Expect may be 100-continue only.');

function arrivalOf(request: IncomingMessage, params: Record<string, string>): Arrival {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: request.method ?? '',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    params,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    address: request.socket.remoteAddress ?? '',
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
