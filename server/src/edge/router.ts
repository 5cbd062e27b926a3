import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Route } from '../kernel/index.ts';
import { refusing } from './unreadable.ts';

export type Serve = (
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  params: Readonly<Record<string, string>>,
) => void;

interface RouterParts {
  readonly server: Server;
  readonly routes: readonly Route[];
  readonly serve: Serve;
  readonly onClientError: (error: Error, socket: Socket) => void;
}

const pathPartUnits = 512;

/**
 * Fastify for routing, and nothing else: each route is hijacked at once, and what happens to it is the request path (ADR 6).
 * @returns what finds a request's route and serves it, once it is ready.
 */
export async function createRouter({
  server,
  routes,
  serve,
  onClientError,
}: RouterParts): Promise<RequestListener> {
  const router = fastify({
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: false, caseSensitive: true, maxParamLength: pathPartUnits },
    serverFactory: () => server,
    // Its router's own errors: the path cannot be decoded, or a part of it is too long.
    frameworkErrors(_error, request, reply) {
      reply.hijack();
      serve(wrongPath, request.raw, reply.raw, {});
    },
    clientErrorHandler: onClientError,
  });
  // As soon as the route is known, and before anything of Fastify's looks at the body: the path does, after authentication.
  router.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    // A path that nobody knows goes along the same path, so that it is limited and counted like any other.
    const { route = nothingHere } = request.routeOptions.config as { route?: Route };
    serve(route, request.raw, reply.raw, (request.params ?? {}) as Record<string, string>);
  });
  for (const route of routes)
    router.route({ method: route.method, url: route.path, config: { route }, handler() {} });
  router.setNotFoundHandler(() => {});
  await router.ready();
  return (request, response) => router.routing(request, response);
}

// What has no route of its own, as routes like any other.
const nothingHere = refusing('not-found', 'No such path, or not with this method.');
const wrongPath = refusing(
  'input-invalid',
  `path: has a part that is not percent-encoded UTF-8, or longer than ${pathPartUnits} characters.`,
);
