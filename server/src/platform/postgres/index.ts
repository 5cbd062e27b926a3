/**
 * PostgreSQL: the server that comes with Vallum, and the doors to any PostgreSQL from 15 on.
 * A tenant's rows are reached through `withTenant` alone, and the database refuses the rest even if our code is wrong.
 * Every value is a parameter; a transaction is one round trip; a COMMIT that was not answered as one is a failure.
 * Errors are Faults without the server's words, which may quote data; `sqlState` and `outcomeIsUnknown` tell what may be told.
 * It does not retry, does not know any table, and does not decide who connects to what: `compose.ts` does.
 */
export { watchControlEpoch } from './control-epoch.ts';
export { sqlState } from './database-error.ts';
export { parseDatabaseUrl } from './database-url.ts';
export type { Session } from './direct-session.ts';
export { createDoors, type Doors } from './doors.ts';
export { embeddedPostgres } from './embedded/embedded-postgres.ts';
export { lockFolder } from './embedded/folder-lock.ts';
export { createLedgerSession } from './ledger-session.ts';

export { migrate } from './migrate.ts';
export { connectAsOwner, type OwnerConnection } from './owner-connection.ts';
export { appRole, ledgerRole, provisionRoles } from './provision-roles.ts';
export type { Row } from './result-types.ts';
export { type Statement, sql } from './sql.ts';
export type { Target } from './target.ts';
export type { TransactionSession } from './transaction.ts';
