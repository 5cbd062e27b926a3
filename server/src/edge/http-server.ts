import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { TlsMaterial } from './tls/tls-material.ts';

/** Headers and first line together. */
const headerBytes = 32 * 1024;
/** How often it is looked whose time is up, as a share of the shortest. */
const looks = 10;
const keepAliveMs = 72_000;

export interface ServerTimes {
  /** For the header of a load balancer, for the handshake of TLS, and for the headers of a request, each. */
  readonly headersMs: number;
  /** For a whole request. */
  readonly requestMs: number;
}

/** A server for HTTP, or HTTPS where there is something to speak it with. It listens to nobody yet. */
export function createHttpServer(tls: TlsMaterial, { headersMs, requestMs }: ServerTimes): Server {
  const options: ServerOptions = {
    maxHeaderSize: headerBytes,
    // A request without a host is refused in our words.
    requireHostHeader: false,
    headersTimeout: headersMs,
    requestTimeout: Math.max(requestMs, headersMs),
    connectionsCheckingInterval: Math.max(50, Math.min(1_000, Math.floor(headersMs / looks))),
    keepAliveTimeout: keepAliveMs,
  };
  const context = tls.context();
  if (!tls.settings || !context) return createServer(options);
  const { client_certificates: asked } = tls.settings;
  const server = createSecureServer({
    ...options,
    ...context,
    handshakeTimeout: headersMs,
    requestCert: asked !== 'none',
    rejectUnauthorized: asked === 'required',
  });
  // What is there goes on as it is; who comes next sees the new one.
  tls.onNew(() => server.setSecureContext(tls.context() ?? context));
  return server;
}
