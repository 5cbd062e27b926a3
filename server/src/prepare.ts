import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from './config.ts';
import type { Log, Service, TenantKeys } from './kernel/index.ts';
import {
  appRole,
  connectAsOwner,
  embeddedPostgres,
  ledgerRole,
  lockFolder,
  migrate,
  type OwnerConnection,
  parseDatabaseUrl,
  provisionRoles,
  sql,
  type Target,
} from './platform/postgres/index.ts';
import { openKeyfile } from './vault/adapters/keyfile.ts';
import type { RootKey } from './vault/index.ts';

/** What must be there before the parts can be put together: keys, a database of this version, and the secrets that replicas share. */
export interface Foundation {
  /** The embedded server, if there is one; started already. */
  readonly database: Service | undefined;
  readonly app: Target;
  readonly ledger: Target;
  readonly tenantKeys: TenantKeys;
  readonly signingSeed: Buffer;
  /** Under which names that others give become ids of ours; the same in every replica. */
  readonly subjectKey: Buffer;
  /** Under which secrets of second factors are encrypted, and WebAuthn challenges are signed. */
  readonly totpKey: Buffer;
  readonly challengeKey: Buffer;
  /** Under which a browser keeps its sign-in that is under way at an identity provider. */
  readonly flowKey: Buffer;
  readonly peppers: readonly { readonly version: number; readonly key: Buffer }[];
  /** Names this deployment in the ledger's origins. */
  readonly deployment: string;
  readonly bootstrapped: boolean;
}

const migrations = path.join(import.meta.dirname, '../migrations');

/** @throws Error that says what to do: wrong keys, a newer database, two processes on one folder. */
export async function prepare(config: Config, log: Log): Promise<Foundation> {
  const data = path.resolve(config.data);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const { root, tenantKeys } = await openKeyfile(keysFolder(config, data));
  // Who starts on a folder declares the process dead that had it before. The embedded database takes the folder itself.
  if (config.database.url) await lockFolder(data, root.derive('vallum/data/lock').toString('base64url'));
  const passwords = {
    app: root.derive('vallum/database/app').toString('base64url'),
    ledger: root.derive('vallum/database/ledger').toString('base64url'),
  };
  const { owner, app, direct, database } = await openDatabase(config, data, log);
  try {
    const connection = await connectAsOwner(owner);
    try {
      await provisionRoles(connection, passwords);
      const applied = await migrate(connection, migrations);
      if (applied.length > 0) log.info('the database was brought up to date', { count: applied.length });
      const secrets = await sharedSecrets(connection, root);
      return {
        database,
        app: { ...app, user: appRole, password: passwords.app },
        ledger: { ...direct, user: ledgerRole, password: passwords.ledger },
        tenantKeys,
        subjectKey: root.derive('vallum/identity/subjects'),
        totpKey: root.derive('vallum/identity/totp'),
        challengeKey: root.derive('vallum/identity/challenges'),
        flowKey: root.derive('vallum/identity/flows'),
        ...secrets,
      };
    } finally {
      await connection.close();
    }
  } catch (error) {
    await database?.stop();
    throw error;
  }
}

function keysFolder({ keys, database }: Config, data: string): string {
  const folder = path.resolve(keys.path ?? `${data}-keys`);
  if (`${folder}${path.sep}`.startsWith(`${data}${path.sep}`)) {
    throw new Error(
      `keys.path (VALLUM_KEYS) is ${folder}, inside of the data: keys lie beside it, so that a copy of the data does not hold them`,
    );
  }
  if (database.url && !keys.keyfile_with_outside_database) {
    throw new Error(
      'the database is elsewhere and the keys are files on this machine: back them up, give every replica the same ones, and say so with ' +
        'keys.keyfile_with_outside_database: true in vallum.yaml',
    );
  }
  return folder;
}

interface Opened {
  readonly database: Service | undefined;
  readonly owner: Target;
  readonly app: Target;
  readonly direct: Target;
}

async function openDatabase({ database }: Config, data: string, log: Log): Promise<Opened> {
  if (database.url) {
    const app = parseDatabaseUrl('VALLUM_DATABASE_URL', database.url);
    const direct = database.direct_url
      ? parseDatabaseUrl('VALLUM_DATABASE_DIRECT_URL', database.direct_url)
      : app;
    return { database: undefined, owner: direct, app, direct };
  }
  const embedded = embeddedPostgres({
    dataDir: data,
    ...(database.user && { user: database.user }),
    log: (line) => log.info(`postgres: ${line}`),
  });
  await embedded.start();
  const { socketDir, port, ownerUser, ownerPassword, database: name } = embedded.connection();
  const target = { host: socketDir, port, database: name, user: ownerUser, password: ownerPassword };
  return { database: embedded, owner: target, app: target, direct: target };
}

/** Secrets in the database, wrapped under the root key: whichever process comes first makes them, and all read the same. */
async function sharedSecrets(owner: OwnerConnection, root: RootKey) {
  for (const name of ['ledger', 'pepper']) {
    const wrapped = root.wrap(randomBytes(32));
    await owner.query(sql`INSERT INTO platform_secrets (name, version, wrapped)
      SELECT ${name}::text, 1, ${wrapped}::bytea WHERE NOT EXISTS (SELECT FROM platform_secrets WHERE name = ${name}::text) ON CONFLICT DO NOTHING`);
  }
  const rows = await owner.query(
    sql`SELECT name, version, wrapped FROM platform_secrets ORDER BY version DESC`,
  );
  const secrets = rows.map(({ name, version, wrapped }) => ({
    name: name as string,
    version: version as number,
    key: root.unwrap(wrapped as Buffer),
  }));
  const signing = secrets.find(({ name }) => name === 'ledger');
  if (!signing) throw new Error('the database has no ledger key: restore it from a backup');
  const [facts] = await owner.query(
    sql`SELECT (SELECT value FROM platform_facts WHERE name = 'deployment') AS deployment, EXISTS (SELECT FROM bootstrap) AS bootstrapped`,
  );
  return {
    signingSeed: signing.key,
    peppers: secrets.filter(({ name }) => name === 'pepper').map(({ version, key }) => ({ version, key })),
    deployment: facts?.deployment as string,
    bootstrapped: facts?.bootstrapped as boolean,
  };
}
