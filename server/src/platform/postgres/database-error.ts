import pg from 'pg';
import { Fault } from '../../kernel/index.ts';
import { UnreadableValue } from './result-types.ts';

/**
 * What the server refused, without what may hold data: its message, detail, hint and context quote values and SQL,
 * and a log that prints causes would print them.
 */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  /** Five characters, PostgreSQL's appendix A. */
  readonly sqlState: string;
  readonly constraint: string | undefined;

  constructor(error: pg.DatabaseError) {
    const state = error.code ?? 'XX000';
    const where = Object.entries({ table: error.table, column: error.column, constraint: error.constraint })
      .flatMap(([what, name]) => (name === undefined ? [] : [` ${what} ${name}`]))
      .join('');
    super(`PostgreSQL answered ${state}${where}`);
    this.sqlState = state;
    this.constraint = error.constraint;
  }
}

/** There is no connection, or no longer: refused, closed, cut off by a deadline. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** The connection ended when a commit was under way: the transaction may be committed or not. */
class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** The error's causes, itself first. */
function* causes(error: unknown): Generator<Error> {
  for (let at = error; at instanceof Error; at = at.cause) yield at;
}

/** The SQLSTATE that an error comes from, such as `23505` for a unique violation; undefined where it was not the server's. */
export function sqlState(error: unknown): string | undefined {
  for (const cause of causes(error)) {
    if (cause instanceof SqlError) return cause.sqlState;
    if (cause instanceof pg.DatabaseError) return cause.code;
  }
  return undefined;
}

/** Whether what failed may nevertheless be committed. Who must know asks the database, by id. */
export function outcomeIsUnknown(error: unknown): boolean {
  for (const cause of causes(error)) if (cause instanceof OutcomeUnknown) return true;
  return false;
}

/** Whether the server ended the session with this answer. */
export const isFatal = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.severity === 'FATAL' || error.severity === 'PANIC');

/** A prepared plan that went stale among them: the connection that had it is not used again. */
/** Classes and codes after which the same statement may succeed later, or elsewhere. */
const passing = /^(?:08|53|57P|58|28)|^(?:57014|55P03|25P03|25P04|25006|0A000|26000|40001|40P01|3D000)$/;
/** Two writers wanted the same: unique, exclusion. */
const conflicting = /^(?:23505|23P01)$/;

/**
 * The fault for whatever a database call failed with. Nothing of the server's words is in it.
 * A lost, refused or late connection is `unavailable`; so is a server that is stopping, full, or timed the statement out.
 */
export function databaseFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof pg.DatabaseError) {
    const cause = new SqlError(error);
    const code = passing.test(cause.sqlState)
      ? 'unavailable'
      : conflicting.test(cause.sqlState)
        ? 'conflict'
        : 'internal';
    return new Fault(code, { because: cause.message, cause });
  }
  if (error instanceof UnreadableValue)
    return new Fault('internal', {
      because: `what PostgreSQL sent is not readable: ${error.message}`,
      cause: error,
    });
  if (error instanceof ConnectionLost)
    return new Fault('unavailable', { because: error.message, cause: error });
  return new Fault('internal', { because: 'unexpected error around a database call', cause: error });
}

/** The fault for a commit without an answer. `outcomeIsUnknown` recognises it. */
export const unknownOutcome = (cause: unknown): Fault =>
  new Fault('unavailable', {
    because: 'a commit was under way and there was no answer: it may be committed or not',
    cause: new OutcomeUnknown('no answer to a commit', {
      cause: cause instanceof pg.DatabaseError ? new SqlError(cause) : cause,
    }),
  });
