import { createDirectSession, type DirectSession, type Session } from './direct-session.ts';
import type { Target } from './target.ts';

export interface LedgerSessionOptions {
  readonly target: Target;
  readonly name?: string;
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  readonly whenConnected?: (session: Session) => Promise<void>;
}

/**
 * The ledger's door: a connection of its own as `vallum_ledger`. Who appends holds a lock that every replica waits
 * for, so the server ends a holder that stands still for a second, and everybody's wait is bounded.
 */
export const createLedgerSession = (options: LedgerSessionOptions): DirectSession =>
  createDirectSession({
    name: 'ledger',
    statementTimeoutMs: 3_000,
    lockTimeoutMs: 2_000,
    idleInTransactionMs: 1_000,
    ...options,
  });
