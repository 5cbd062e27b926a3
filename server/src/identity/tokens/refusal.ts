/** What is wrong with a token, for operators alone: callers get one answer for all of it. */
export type TokenRefusal =
  | 'too-long'
  | 'malformed'
  | 'duplicate-member'
  | 'encrypted'
  | 'header'
  | 'issuer-unknown'
  | 'issuer-unreachable'
  | 'algorithm'
  | 'type'
  | 'key-unknown'
  | 'key-ambiguous'
  | 'signature'
  | 'expired'
  | 'not-yet-valid'
  | 'too-old'
  | 'audience'
  | 'claims'
  | 'bound-to-key'
  | 'tenant';

/** Ends a verification. Its reason is one of ours: nothing of the token is in it. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly reason: TokenRefusal;

  constructor(reason: TokenRefusal, cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}
