import { Fault } from '../../kernel/index.ts';
import { type Row, sql } from '../../platform/postgres/index.ts';

/** Pages begin below the last UUID there can be. */
export const last = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** What processes keep is not true any more: they forget it. */
export const epochMoves = sql`UPDATE control SET epoch = epoch + 1`;

/** The row that a statement gives always. @throws Fault `internal` when it did not */
export function only(rows: readonly Row[]): Row {
  const [row] = rows;
  if (!row) throw new Fault('internal', { because: 'a statement gave no row' });
  return row;
}
