import type { AddressInfo, Server } from 'node:net';

/** Listens on a free port of 127.0.0.1, tells the process that started this one which, and ends with it. */
export function announce(server: Server): void {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 2_048 }, () => {
    process.send?.({ port: (server.address() as AddressInfo).port });
  });
  process.on('disconnect', () => process.exit(0));
}
