import { type OrganizationId, type TenantId, uuidOf } from '@vallum/contract';
import { Fault } from '../../kernel/index.ts';
import type { Connection } from './connection.ts';
import { createPool } from './pool.ts';
import type { Row } from './result-types.ts';
import { type Statement, sql } from './sql.ts';
import type { Target } from './target.ts';
import { transact } from './transaction.ts';

/**
 * The functions that run with their owner's rights, and that the app role may call. With `withTenant` and the
 * ledger's session these are all the doors there are (ADR 0003); a test compares this list with the catalogue.
 */
export const definerFunctions = [
  'ensure_partitions',
  'lookup_credential',
  'lookup_session',
  'lookup_short_lived',
  'tend_credentials',
] as const;

/** Whose rows a transaction sees. */
export interface Scope {
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
}

export interface Doors {
  /**
   * Runs statements as one transaction in which the tenant's rows, and no others, exist. One round trip.
   * @returns the rows of each statement, once they are committed.
   * @throws Fault; `sqlState` and `outcomeIsUnknown` say more about it.
   */
  withTenant(scope: Scope, statements: readonly Statement[]): Promise<Row[][]>;
  /** The credential with exactly this hash, of whichever tenant: who presents one has no tenant yet. */
  lookupCredential(hash: Uint8Array): Promise<Row | undefined>;
  /** The session with exactly this hash, in the same way. */
  lookupSession(hash: Uint8Array): Promise<Row | undefined>;
  /** The short-lived credential with exactly this hash, with the state of what it was made from. */
  lookupShortLived(hash: Uint8Array): Promise<Row | undefined>;
  /** Deletes short-lived credentials that ended long ago. @returns how many keys, of all tenants, are older than so many days and go on */
  tendCredentials(days: number): Promise<number>;
  /** Makes the day partitions that will be needed. */
  ensurePartitions(): Promise<void>;
  /** Waits for what runs, then closes the connections. */
  close(): Promise<void>;
}

export interface DoorOptions {
  /** Connections at most. */
  readonly max?: number;
  /** How long a call waits for a free connection. */
  readonly waitMs?: number;
  /** How long the server works on one statement before it gives up. */
  readonly statementTimeoutMs?: number;
  /**
   * Whether connections reach a server process of their own. False behind a pooler in transaction mode: then
   * statement names are not used.
   */
  readonly direct?: boolean;
}

const defaults: Required<DoorOptions> = { max: 10, waitMs: 2_000, statementTimeoutMs: 5_000, direct: true };
const connectTimeoutMs = 3_000;
const idleMs = 60_000;
/** What the server needs beyond its own limit to say that it gave up. */
const graceMs = 1_000;
/** A transaction of which only a part arrived must not keep its locks. */
const idleInTransactionMs = 5_000;

const uuidShape = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function uuid(id: OrganizationId | TenantId): string {
  const value = uuidOf(id);
  if (!uuidShape.test(value))
    throw new Fault('internal', { because: 'a scope is made of an organization and a tenant id' });
  return value;
}

/** The doors for everything but the ledger, as the app role. Connects when first used. */
export function createDoors(target: Target, options: DoorOptions = {}): Doors {
  const { max, waitMs, statementTimeoutMs, direct } = { ...defaults, ...options };
  const pool = createPool(target, {
    applicationName: 'vallum',
    connectTimeoutMs,
    direct,
    max,
    waitMs,
    idleMs,
  });

  // Settings end with the transaction, so they hold behind a pooler too, and nobody inherits them.
  const limits = sql`set_config('statement_timeout', ${String(statementTimeoutMs)}, true),
    set_config('idle_in_transaction_session_timeout', ${String(idleInTransactionMs)}, true),
    set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true)`;
  const limited = sql`SELECT ${limits}`.named('vallum_limits');

  async function run(connection: Connection, settings: Statement, statements: readonly Statement[]) {
    // The server counts each statement anew; the commit may wait for a replica as long as a statement may run.
    const timeoutMs = statementTimeoutMs * (statements.length + 1) + graceMs;
    const [, ...answers] = await transact(connection, [settings, ...statements], timeoutMs);
    return answers.map(({ rows }) => rows);
  }

  async function look(lookup: Statement): Promise<Row | undefined> {
    const [rows = []] = await pool.use((connection) => run(connection, limited, [lookup]));
    if (rows.length > 1) throw new Fault('internal', { because: 'a lookup gave more than one row' });
    return rows[0];
  }

  return {
    withTenant({ organization, tenant }, statements) {
      const scope = sql`SELECT set_config('app.organization', ${uuid(organization)}, true),
        set_config('app.tenant', ${uuid(tenant)}, true), ${limits}`.named('vallum_scope');
      return pool.use((connection) => run(connection, scope, statements));
    },
    lookupCredential: (hash) =>
      look(sql`SELECT * FROM lookup_credential(${hash}::bytea)`.named('vallum_lookup_credential')),
    lookupSession: (hash) =>
      look(sql`SELECT * FROM lookup_session(${hash}::bytea)`.named('vallum_lookup_session')),
    lookupShortLived: (hash) =>
      look(sql`SELECT * FROM lookup_short_lived(${hash}::bytea)`.named('vallum_lookup_short_lived')),
    tendCredentials: async (days) =>
      (await look(sql`SELECT tend_credentials(${days}::int) AS due`))?.due as number,
    async ensurePartitions() {
      await pool.use((connection) => run(connection, limited, [sql`SELECT ensure_partitions()`]));
    },
    close: () => pool.close(),
  };
}
