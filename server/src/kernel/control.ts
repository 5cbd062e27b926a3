import type { Exchange } from './exchange.ts';

/** What this process knows of the control epoch, which moves when something is restricted that processes keep in memory (ADR 13). */
export interface Control {
  /** Counts the movements that this process has noticed. What was decided at another count may have been restricted since. */
  generation(): number;
  /** Whether the database has said lately where the epoch is. While it has not, nothing that is kept is believed. */
  confirmed(): boolean;
}

/** Whether what let an exchange in still holds. */
export interface Standing {
  /** Two comparisons. Where it is false, `renew` decides. Exchanges without a caller stand. */
  holds(exchange: Exchange): boolean;
  /**
   * Finds the caller again, and has policy decide again, with what is true now.
   * @throws Fault the refusal; `unavailable` where nobody can say
   */
  renew(exchange: Exchange): Promise<void>;
}
