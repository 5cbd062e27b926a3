import { type Config, urlOf } from '../config.ts';
import {
  createCors,
  createForwarding,
  createListener,
  createTlsMaterial,
  type Listener,
  securityHeaders,
  trustedProxies,
  warnSeldom,
} from '../edge/index.ts';
import type { Clock, Exchange, Log, RequestPath, Route, Service } from '../kernel/index.ts';
import { createWatchdog } from '../platform/watchdog/index.ts';

interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly routes: readonly Route[];
  readonly path: RequestPath;
  readonly onFault: (exchange: Exchange, error: unknown) => void;
  readonly onOver: (exchange: Exchange, status: number | undefined) => void;
}

/** Who asks these decides by the answer whether this process goes on. */
const always = new Set(['/health', '/ready']);

/** How connections reach us. */
export function composeListener({ config, clock, log, ...parts }: Parts): {
  listener: Listener;
  services: readonly Service[];
} {
  const { proxies, limits, cors } = config;
  const tls = createTlsMaterial(config.tls, proxies, log);
  const isTrusted = trustedProxies(proxies.trusted);
  const warnOfStranger = warnSeldom(
    log,
    clock,
    'a client certificate came in a header of somebody who is no trusted proxy; it was taken out',
  );
  const listener = createListener({
    ...parts,
    host: config.host,
    port: config.port,
    clock,
    tls,
    isTrusted,
    proxyProtocol: proxies.proxy_protocol === 'v2',
    forwarding: createForwarding({
      isTrusted,
      addressHeader: proxies.address_header,
      certificateHeader: proxies.client_certificate_header,
      authorities: tls.authorities,
      onStranger: () => warnOfStranger('client-certificate'),
    }),
    cors: cors && createCors({ origins: cors.origins, maxAgeSeconds: cors.max_age_s }),
    security: securityHeaders(urlOf(config).startsWith('https://')),
    always,
    limits: {
      connections: limits.connections,
      connectionsPerAddress: limits.connections_per_address,
      headersMs: limits.headers_ms,
      requestMs: limits.request_ms,
      unreadMs: limits.unread_ms,
      load: { lagMs: limits.loop_lag_ms, running: limits.running },
    },
    stepDeadlineMs: limits.step_ms,
    drainMs: limits.drain_ms,
    onTurnedAway: warnSeldom(log, clock, 'a connection was turned away'),
  });
  const watchdog = createWatchdog({ stallMs: limits.stall_ms, silent: config.log.level === 'silent' });
  return {
    listener,
    services: [
      watchdog,
      signals(config.tls || proxies.client_ca ? tls.reload : undefined),
      clearText(config, log),
      listener,
    ],
  };
}

/** Certificates are read again at SIGHUP, where there are any; else it ends the process, as a terminal that is closed expects. */
function signals(reload: (() => void) | undefined): Service {
  return {
    name: 'signals',
    async start() {
      if (reload) process.on('SIGHUP', reload);
    },
    async stop() {
      if (reload) process.off('SIGHUP', reload);
    },
  };
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

function clearText({ host, tls, proxies }: Config, log: Log): Service {
  return {
    name: 'clear text',
    async start() {
      if (tls || loopback.test(host) || proxies.trusted.length > 0) return;
      log.warn(
        'keys and content are sent in clear text: the host is not this machine alone, and there are neither `tls` nor trusted `proxies` in the settings',
      );
    },
    stop: async () => {},
  };
}
