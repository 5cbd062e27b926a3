import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connection } from './connection.ts';
import { databaseFault } from './database-error.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { chooseServerUser } from './embedded/server-user.ts';
import { sql } from './sql.ts';
import { type OtherServer, otherServer } from './testing/other-server.ts';
import { scratchFolder } from './testing/scratch.ts';

const openssl = 'openssl';
const hasOpenssl = spawnSync(openssl, ['version']).status === 0;

/** A self-signed certificate for `localhost`, and its key in one file. */
function certificate(folder: string, name: string): string {
  const file = path.join(folder, `${name}.pem`);
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  const { status, stderr } = spawnSync(
    openssl,
    [
      ...args,
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      file,
      '-out',
      `${file}.crt`,
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return file;
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(!hasOpenssl)(
  'TLS to a server (skipped where there is no openssl to make certificates)',
  () => {
    let server: OtherServer;
    let ours: string;
    let foreign: string;
    let port: number;
    beforeAll(async () => {
      const folder = scratchFolder();
      chmodSync(folder, 0o755);
      ours = certificate(folder, 'ours');
      foreign = certificate(folder, 'foreign');
      // The server wants a key that is its own.
      const user = chooseServerUser({ configured: undefined, owner: undefined, log: () => undefined });
      if (user) chownSync(ours, user.uid, user.gid);
      const access = path.join(folder, 'pg_hba.conf');
      writeFileSync(access, 'local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n', {
        mode: 0o644,
      });
      port = await freePort();
      server = await otherServer({
        which: 'embedded',
        port,
        settings: {
          ...{ listen_addresses: '127.0.0.1', hba_file: access },
          ...{ ssl: 'on', ssl_cert_file: `${ours}.crt`, ssl_key_file: ours },
        },
      });
    });
    afterAll(() => server.stop());

    const connect = async (host: string, query: string) => {
      const { user, password, database } = server.owner;
      const target = parseDatabaseUrl(
        'test',
        `postgresql://${user}:${password}@${host}:${port}/${database}?${query}`,
      );
      const connection = await Connection.open(target, {
        applicationName: 'tls',
        connectTimeoutMs: 2_000,
        direct: true,
      });
      const outcomes = await connection.send(
        [sql`SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()`],
        1_000,
      );
      await connection.close();
      return outcomes;
    };
    const refused = async (host: string, query: string) => {
      const error: unknown = await connect(host, query).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(databaseFault(error)).toMatchObject({ code: 'unavailable', detail: undefined });
    };
    const encrypted = [{ answer: { rows: [{ version: 'TLSv1.3' }] } }];

    it('is spoken with a server that shows a certificate of the given authority for its name', async () => {
      expect(await connect('localhost', `sslmode=verify-full&sslrootcert=${ours}.crt`)).toMatchObject(
        encrypted,
      );
    });

    it('is refused with another authority, or none, or another name', async () => {
      await refused('localhost', `sslmode=verify-full&sslrootcert=${foreign}.crt`);
      await refused('localhost', 'sslmode=verify-full');
      await refused('127.0.0.1', `sslmode=verify-full&sslrootcert=${ours}.crt`);
    });

    it('forgives the name for verify-ca and everything for require, and nothing else', async () => {
      expect(await connect('127.0.0.1', `sslmode=verify-ca&sslrootcert=${ours}.crt`)).toMatchObject(
        encrypted,
      );
      await refused('127.0.0.1', `sslmode=verify-ca&sslrootcert=${foreign}.crt`);
      expect(await connect('127.0.0.1', 'sslmode=require')).toMatchObject(encrypted);
      await refused('127.0.0.1', 'sslmode=disable');
    });
  },
);
