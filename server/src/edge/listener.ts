import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
import { arrivalOf } from './arrival.ts';
import { type Connection, connectionOf } from './connections/connection.ts';
import { guardConnections, type TurnedAway } from './connections/guard.ts';
import type { Cors } from './cors.ts';
import { createDeadline } from './deadline.ts';
import type { createForwarding } from './forwarding/forwarding.ts';
import { whatIsAmbiguous } from './framing.ts';
import { createHttpServer } from './http-server.ts';
import { InFlight } from './in-flight.ts';
import { createLoad, type LoadLimits } from './load/load.ts';
import { createReply } from './reply.ts';
import { createRouter } from './router.ts';
import { refuse, runExchange } from './run.ts';
import type { SecurityHeaders } from './security-headers.ts';
import { clientChain } from './tls/client-chain.ts';
import type { TlsMaterial } from './tls/tls-material.ts';
import { refuseUnreadable, refusing } from './unreadable.ts';

interface ListenerParts {
  readonly host: string;
  readonly port: number;
  readonly routes: readonly Route[];
  readonly path: RequestPath;
  readonly clock: Clock;
  readonly tls: TlsMaterial;
  readonly forwarding: ReturnType<typeof createForwarding>;
  readonly isTrusted: (address: string) => boolean;
  readonly proxyProtocol: boolean;
  readonly cors: Cors | undefined;
  readonly security: SecurityHeaders;
  readonly limits: {
    /** Connections at once: all, and those of one address. */
    readonly connections: number;
    readonly connectionsPerAddress: number;
    readonly headersMs: number;
    readonly requestMs: number;
    /** How long a client may take nothing of its reply. */
    readonly unreadMs: number;
    readonly load: LoadLimits;
  };
  /** Paths that are answered however busy we are, since who asks decides by the answer what happens to us. */
  readonly always: ReadonlySet<string>;
  readonly stepDeadlineMs: number;
  /** How long running exchanges have to end at a stop, in ms. */
  readonly drainMs: number;
  readonly onFault: (exchange: Exchange, error: unknown) => void;
  readonly onOver: (exchange: Exchange, status: number | undefined) => void;
  readonly onTurnedAway: (why: TurnedAway) => void;
}

/** A few turns of the loop; a bound, since a request that was pipelined behind another one may never be told. */
const brokenOffMs = 1_000;
const retryAfterSeconds = 1;
/** Requests that were sent on one connection behind one that is not answered yet. */
const mostWaiting = 32;

export interface Listener extends Service {
  /** The port that was given, once it listens. */
  port(): number;
  draining(): boolean;
  /** The exchanges under way. */
  running(): readonly Exchange[];
}

/** Takes connections, makes an exchange of each request that can be understood in one way only, and sends it along the path. */
export function createListener({ host, port, routes, path, clock, ...parts }: ListenerParts): Listener {
  const { tls, forwarding, cors, limits, security } = parts;
  const { unreadMs } = limits;
  let draining = false;
  const deadline = createDeadline(parts.stepDeadlineMs);
  const load = createLoad(limits.load);
  const running = new InFlight<Exchange>();
  let idle = (): void => {};

  const server = createHttpServer(tls, limits);
  const guard = guardConnections(server, {
    rules: {
      total: limits.connections,
      perAddress: limits.connectionsPerAddress,
      isTrusted: parts.isTrusted,
      proxyProtocol: parts.proxyProtocol,
      headerMs: limits.headersMs,
    },
    onTurnedAway: parts.onTurnedAway,
  });
  const asksForCertificates =
    forwarding.readsCertificates || (tls.settings?.client_certificates ?? 'none') !== 'none';

  function serve(
    route: Route,
    request: IncomingMessage,
    response: ServerResponse,
    params: Readonly<Record<string, string>>,
  ): void {
    const connection = connectionOf(request.socket);
    if (!connection) return;
    let served = cors?.preflight(request.method, request.headers) ?? route;
    let { address } = connection;
    forwarding.dropCertificates(request, connection.trusted);
    if (connection.trusted) {
      try {
        address = forwarding.clientOf(request, address);
      } catch (error) {
        served = refusingWith(error);
      }
    }
    const certificates = asksForCertificates ? () => certificatesOf(request, connection) : undefined;
    begin(served, response, connection, arrivalOf(request, { params, address, certificates }));
  }

  function begin(route: Route, response: ServerResponse, connection: Connection, arrival: Arrival): void {
    const now = clock.now();
    const x = new Exchange(newId('request', now), now, route, arrival);
    if (cors) x.carry(cors.headers(arrival.headers));
    const closing = (): boolean => draining || connection.ending;
    const reply = createReply(x, { response, onFault: parts.onFault, closing, security, unreadMs });
    const isTooMuch = load.isTooMuch(running.size) && !parts.always.has(route.path);
    const one = running.add(x);
    const ended = (): void => {
      if (!response.writableFinished) {
        x.clientGone = true;
        x.abort();
      }
      x.over();
    };
    response.on('close', ended);
    if (connection.latest) connection.waiting.add(ended);
    connection.latest = response;
    x.whenOver(() => {
      running.remove(one);
      if (connection.waiting.size > 0) connection.waiting.delete(ended);
      if (connection.latest === response) connection.latest = undefined;
      if (connection.request?.complete) connection.request = undefined;
      parts.onOver(x, reply.status());
      if (running.size === 0) idle();
    });
    // Nothing is looked at, so nobody is blamed: neither the address nor the key has done too much.
    if (isTooMuch) void refuse(path, x, tooMuch(), reply);
    else void runExchange({ path, clock, deadline }, x, reply);
  }

  /** A proxy's own certificate says nothing of those for whom it asks. */
  const certificatesOf = (request: IncomingMessage, connection: Connection) =>
    connection.trusted
      ? forwarding.certificatesOf(request)
      : clientChain(request.socket, connection, tls.authorities());

  /** @returns whether there is one reading of it; where there is not, it is refused, and nothing more is read from where it came. */
  function isClear(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = connectionOf(request.socket);
    if (!connection || connection.ending) return false;
    // Who sends so many before an answer wants the work, and not the answers.
    if (connection.waiting.size >= mostWaiting) {
      request.socket.destroy();
      return false;
    }
    connection.request = request;
    const wrong = whatIsAmbiguous(request);
    if (wrong === undefined) return true;
    connection.ending = true;
    const arrival = arrivalOf(request, { params: {}, address: connection.address });
    begin(refusing('input-invalid', wrong), response, connection, arrival);
    return false;
  }

  server.on('checkExpectation', (request, response) => {
    if (isClear(request, response)) serve(wrongExpectation, request, response, {});
  });

  function onClientError(error: Error, socket: Socket): void {
    const connection = connectionOf(socket);
    // Words of ours mean nothing in the middle of a handshake either.
    if (!connection) return void socket.destroy();
    // Words of ours in the middle of an answer would be taken for a part of it, and those behind it for the answer to the next request.
    const isAnswered = connection.latest
      ? connection.latest.headersSent
      : connection.request?.complete === false;
    if (isAnswered) socket.destroy();
    else refuseUnreadable(error, socket, { nowMs: clock.now(), address: connection.address, security });
  }

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
      const address = server.address();
      return typeof address === 'object' && address ? address.port : port;
    },
    draining: () => draining,
    running: () => running.all(),
    async start() {
      const find = await createRouter({ server, routes, serve, onClientError });
      server.on('request', (request, response) => {
        if (isClear(request, response)) find(request, response);
      });
      tls.start();
      load.start();
      const listening = once(server, 'listening');
      server.listen({ host, port });
      await listening;
    },
    async stop() {
      draining = true;
      tls.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      guard.endEarly();
      await untilIdle(parts.drainMs);
      // Told before the providers stop: the record would blame one of them for our stop.
      for (const x of running.all()) x.abort();
      server.closeAllConnections();
      guard.endAll();
      await closed;
      load.stop();
      // Each exchange ends once its connection has.
      await untilIdle(brokenOffMs);
    },
  };
}

const wrongExpectation = refusing('input-invalid', 'headers: Expect may be 100-continue only.');

const refusingWith = (error: unknown): Route =>
  refusing('input-invalid', (error instanceof Fault && error.detail) || 'headers: not valid.');

const tooMuch = (): Fault =>
  new Fault('overloaded', { detail: 'Nothing was done with this request.', retryAfterSeconds });
