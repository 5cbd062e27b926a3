import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What is wrong with the database. `slow`: each piece takes its time. `hang`: it accepts, and says nothing until that is over.
 * `refuse`: what is connected is cut, and what comes is cut at once. `swallow`: it does what it is told, and the connection ends
 * where its answer would have come.
 */
export type DatabaseFault = 'slow' | 'hang' | 'refuse' | 'swallow';

/** A proxy on loopback before a PostgreSQL, through which a server sees a database with faults on demand. */
export interface DatabaseProxy {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /**
   * Begins a fault, in place of the one before, for the connections whose application name matches.
   * Connections that are made later get it too.
   */
  begin(fault: DatabaseFault, applications?: RegExp): void;
  /** Ends the fault: what was held back goes its way. */
  heal(): void;
  /** Pieces that clients and the server sent into the fault since it began. */
  struck(): number;
  close(): Promise<void>;
}

const slowMs = 40;
/** PostgreSQL's protocol, "StartupMessage": this number, then pairs of names and values. */
const protocolVersion = 3 << 16;

interface Fault {
  readonly kind: DatabaseFault;
  readonly applications: RegExp;
  readonly over: Promise<void>;
  readonly end: () => void;
  struck: number;
}

/** @param target where the real server listens: the path of its socket, or host and port. */
export async function startDatabaseProxy(
  target: string | { readonly host: string; readonly port: number },
): Promise<DatabaseProxy> {
  let fault: Fault | undefined;
  const pairs = new Map<Socket, { application: string; end: () => void }>();

  const faultOf = (application: string): Fault | undefined =>
    fault?.applications.test(application) ? fault : undefined;

  function serve(client: Socket): void {
    const server = typeof target === 'string' ? connect(target) : connect(target);
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    const pair = { application: '', end };
    pairs.set(client, pair);
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        end();
        pairs.delete(client);
      });
    }

    /** Pieces one after another, each with what the fault of its moment does to it. */
    function pass(from: Socket, to: Socket): void {
      let before: Promise<void> = Promise.resolve();
      from.on('data', (piece: Buffer) => {
        if (from === client && pair.application === '') pair.application = applicationOf(piece);
        from.pause();
        before = before.then(async () => {
          await suffer(from === server);
          to.write(piece);
          from.resume();
        });
      });
      from.on('end', () => void before.then(() => to.end()));
    }

    async function suffer(isAnswer: boolean): Promise<void> {
      const now = faultOf(pair.application);
      if (!now) return;
      now.struck++;
      if (now.kind === 'slow') await sleep(slowMs);
      if (now.kind === 'refuse' || (now.kind === 'swallow' && isAnswer)) end();
      if (now.kind === 'hang') {
        await now.over;
        // The next fault may have begun meanwhile.
        await suffer(isAnswer);
      }
    }

    pass(client, server);
    pass(server, client);
  }

  const listener = createServer(serve);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  function heal(): void {
    const over = fault;
    fault = undefined;
    over?.end();
  }

  return {
    host: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    begin(kind, applications = /(?:)/) {
      heal();
      let end = (): void => {};
      const over = new Promise<void>((resolve) => {
        end = resolve;
      });
      fault = { kind, applications, over, end, struck: 0 };
      if (kind !== 'refuse') return;
      for (const pair of pairs.values()) if (faultOf(pair.application)) pair.end();
    },
    heal,
    struck: () => fault?.struck ?? 0,
    async close() {
      heal();
      for (const { end } of pairs.values()) end();
      listener.close();
      await once(listener, 'close');
    },
  };
}

/** The application name in a startup message; a connection without one has the name `-`. */
function applicationOf(piece: Buffer): string {
  if (piece.length < 8 || piece.readInt32BE(4) !== protocolVersion) return '-';
  const words = piece.toString('utf8', 8).split('\0');
  const at = words.findIndex((word, i) => i % 2 === 0 && word === 'application_name');
  return words[at + 1] ?? '-';
}
