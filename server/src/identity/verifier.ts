import type { Caller, CredentialKind, Exchange, Fault } from '../kernel/index.ts';

/** Whom a credential stands for. */
export interface Found {
  readonly caller: Caller;
  /** Until when that may be believed without asking again, in Unix milliseconds. Revocations are felt sooner: everything that is believed is forgotten then. */
  readonly untilMs: number;
  /** When it ends by itself, in Unix milliseconds. */
  readonly expiresAtMs?: number;
  /** Until when what is made from it may last, where that is not `expiresAtMs`: clocks that differ are borne with for it alone. */
  readonly endsMs?: number;
  /** Asked at each request that presents it, also while it is believed: from where, how. It must not wait. @throws Fault to refuse */
  check?(exchange: Exchange): void;
}

/** Knows one kind of credential. */
export interface Verifier {
  readonly kind: CredentialKind;
  /** Whether a text has this kind's form, from which nobody learns whether it is good. */
  reads(text: string): boolean;
  /** @throws Fault `not-authenticated`, the same for everything that can be wrong with it; `unavailable` where nobody can say */
  find(text: string): Promise<Found>;
  /** One answer for unknown, expired and revoked: who holds a wrong one learns nothing. */
  refused(): Fault;
}
