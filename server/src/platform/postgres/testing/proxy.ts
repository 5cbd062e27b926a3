import net from 'node:net';
import path from 'node:path';
import type { Target } from '../target.ts';
import { scratchFolder } from './scratch.ts';

/** Stands between a client and the server, and can hold back or cut what passes. */
export interface ServerProxy {
  readonly target: Target;
  /** Holds back all that the server says until the client has said this. */
  withholdAnswersUntil(said: string): void;
  /** Cuts the client off when it says this, before or after the server got it and answered. */
  cutAt(said: string, when: 'before the server hears' | 'after the server answered'): void;
  /** Cuts the client off now. */
  cut(): void;
  /** Says nothing any more in either direction. */
  freeze(): void;
  readonly connections: number;
  close(): Promise<void>;
}

/** A proxy in front of a server that is reached by a Unix socket. */
export async function startProxy(target: Target): Promise<ServerProxy> {
  const folder = scratchFolder();
  const clients = new Set<net.Socket>();
  let awaited: string | undefined;
  let cutting: { said: string; when: string } | undefined;
  let connections = 0;
  let frozen = false;

  const server = net.createServer((client) => {
    connections += 1;
    clients.add(client);
    const upstream = net.connect(path.join(target.host, `.s.PGSQL.${target.port}`));
    let heard = '';
    let withheld: Buffer[] = [];
    const end = () => {
      clients.delete(client);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    client.on('data', (chunk) => {
      if (frozen) return;
      heard += chunk.toString('latin1');
      if (cutting?.when === 'before the server hears' && heard.includes(cutting.said)) {
        cutting = undefined;
        end();
        return;
      }
      upstream.write(chunk);
      if (awaited !== undefined && heard.includes(awaited)) {
        awaited = undefined;
        for (const held of withheld) client.write(held);
        withheld = [];
      }
    });
    upstream.on('data', (chunk) => {
      if (frozen) return;
      if (cutting?.when === 'after the server answered' && heard.includes(cutting.said)) {
        // The tag of the command completes its answer.
        if (!chunk.includes(cutting.said)) return;
        cutting = undefined;
        end();
      } else if (awaited === undefined) client.write(chunk);
      else withheld.push(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, '.s.PGSQL.5432'), resolve));
  const cut = () => {
    for (const client of clients) client.destroy();
  };
  return {
    target: { ...target, host: folder, port: 5432 },
    withholdAnswersUntil: (said) => {
      awaited = said;
    },
    cutAt: (said, when) => {
      cutting = { said, when };
    },
    cut,
    freeze: () => {
      frozen = true;
    },
    get connections() {
      return connections;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
