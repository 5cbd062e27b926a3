/** Why a sign-in through a provider did not come about. People see it on the sign-in page, in our words; a provider's own text goes nowhere. */
export const signInRefusals = [
  'cancelled',
  'provider-refused',
  'provider-unavailable',
  'flow-unknown',
  'token-refused',
  'email-missing',
  'email-unverified',
  'email-taken',
  'user-unknown',
  'user-disabled',
  'no-role',
] as const;
export type SignInRefusal = (typeof signInRefusals)[number];

/** Ends a sign-in. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
  readonly reason: SignInRefusal;
  /** What operators may know beside it: one word of ours, or of a standard. */
  readonly hint: string | undefined;

  constructor(reason: SignInRefusal, hint?: string) {
    super(reason);
    this.reason = reason;
    this.hint = hint;
  }
}
