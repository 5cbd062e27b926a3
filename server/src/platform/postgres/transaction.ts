import { Fault } from '../../kernel/index.ts';
import type { Answer, Connection, Outcome } from './connection.ts';
import { ConnectionLost, databaseFault, isFatal, unknownOutcome } from './database-error.ts';
import { type Row, UnreadableValue } from './result-types.ts';
import type { Statement } from './sql.ts';

const errorOf = (outcome: Outcome | undefined): Error | undefined =>
  outcome && 'error' in outcome ? outcome.error : undefined;

/** A refusal by the server that left the session alive: what it refused is not done. */
const refused = (error: Error): boolean =>
  !(error instanceof ConnectionLost || error instanceof UnreadableValue || isFatal(error));

/** @throws Fault unless a commit was answered as one: after an error the same word succeeds with the tag `ROLLBACK`. */
function requireCommit(outcome: Outcome | undefined): void {
  const error = errorOf(outcome);
  if (error) throw refused(error) ? databaseFault(error) : unknownOutcome(error);
  if (!outcome || !('answer' in outcome)) throw unknownOutcome(undefined);
  const { command, warned } = outcome.answer;
  if (command !== 'COMMIT')
    throw new Fault('internal', { because: 'the transaction was rolled back at its commit' });
  if (warned) throw unknownOutcome(new Error('the commit was answered with a warning'));
}

/**
 * Runs statements as one transaction in one round trip: `BEGIN`, they and `COMMIT` leave in one write.
 * @returns the rows of each statement, after the commit.
 * @throws Fault; `outcomeIsUnknown` says whether the work may be committed nevertheless.
 */
export async function transact(
  connection: Connection,
  statements: readonly Statement[],
  timeoutMs: number,
): Promise<Answer[]> {
  const outcomes = await connection.send(['BEGIN', ...statements, 'COMMIT'], timeoutMs);
  const [begin, ...rest] = outcomes;
  const commit = rest.pop();
  // Without a BEGIN the others ran each in a transaction of its own, if they ran.
  const beginError = errorOf(begin);
  if (beginError) throw refused(beginError) ? unknownOutcome(beginError) : beforeCommit(beginError);
  const error = rest.map(errorOf).find((found) => found !== undefined);
  if (error && !(error instanceof UnreadableValue)) throw beforeCommit(error);
  requireCommit(commit);
  // The work is committed, but who asked cannot be told what it returned.
  if (error) throw databaseFault(error);
  return rest.flatMap((outcome) => ('answer' in outcome ? [outcome.answer] : []));
}

/** A statement before the commit failed. What the server itself said is final; silence is not, since the commit was sent too. */
const beforeCommit = (error: Error): Fault =>
  error instanceof ConnectionLost ? unknownOutcome(error) : databaseFault(error);

/**
 * Runs one statement in a transaction of its own, in one round trip.
 * @throws Fault; `outcomeIsUnknown` says whether its work may be committed nevertheless.
 */
export async function single(
  connection: Connection,
  statement: Statement,
  timeoutMs: number,
): Promise<Answer> {
  const [outcome] = await connection.send([statement], timeoutMs);
  const error = errorOf(outcome);
  if (error)
    throw refused(error) || error instanceof UnreadableValue ? databaseFault(error) : unknownOutcome(error);
  if (!outcome || !('answer' in outcome)) throw unknownOutcome(undefined);
  if (outcome.answer.warned) throw unknownOutcome(new Error('the answer came with a warning'));
  return outcome.answer;
}

/** What work inside of a transaction may do. */
export interface TransactionSession {
  /** @throws Fault; the transaction cannot be committed after that. */
  query(statement: Statement): Promise<Row[]>;
}

/**
 * Runs work that reads before it decides what to write. `BEGIN` leaves with the first statement.
 * @throws what work throws, after a rollback; Fault when the commit failed.
 */
export async function interact<T>(
  connection: Connection,
  work: (session: TransactionSession) => Promise<T>,
  timeoutMs: number,
): Promise<T> {
  let state = 'new' as 'new' | 'open' | 'over';
  const query = async (statement: Statement) => {
    if (state === 'over')
      throw new Fault('internal', { because: 'a statement came after its transaction had ended' });
    const first = state === 'new';
    state = 'open';
    const outcomes = await connection.send(first ? ['BEGIN', statement] : [statement], timeoutMs);
    const last = outcomes.at(-1);
    const error = outcomes.map(errorOf).find((found) => found !== undefined);
    // A statement behind a refused BEGIN ran in a transaction of its own, if it ran.
    if (error && first && error === errorOf(outcomes[0]) && refused(error)) throw unknownOutcome(error);
    if (error) throw databaseFault(error);
    return last && 'answer' in last ? last.answer.rows : [];
  };
  try {
    const result = await work({ query });
    const begun = state === 'open';
    state = 'over';
    if (begun) requireCommit((await connection.send(['COMMIT'], timeoutMs))[0]);
    return result;
  } catch (error) {
    state = 'over';
    // A connection that cannot even roll back is cut, and the server does it.
    if (!connection.isLost && connection.inTransaction) await connection.send(['ROLLBACK'], timeoutMs);
    throw error;
  }
}
