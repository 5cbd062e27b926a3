/** Why something was not verified. Stable: callers branch on it, never on the message. */
export type TlogErrorCode =
  /** The text or bytes do not follow their format. */
  | 'malformed'
  /** No signature by a key that was given. */
  | 'not-signed'
  /** A signature by a key that was given does not fit the text. */
  | 'signature-wrong'
  /** The checkpoint is of another log than the key. */
  | 'origin-differs'
  /** The proof does not lead from the leaf to the root. */
  | 'not-included'
  /** The proof does not lead from the older root to the newer one. */
  | 'not-consistent'
  /** The opening belongs to another leaf. */
  | 'opening-differs'
  /** A value does not open the commitment that the entry holds. */
  | 'field-differs';

/** What parsers throw, and what verifications turn into a value. The message may be shown. */
export class TlogError extends Error {
  override readonly name = 'TlogError';
  readonly code: TlogErrorCode;

  constructor(code: TlogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The result of a verification: what was proved, or why nothing was. */
export type Verification<T extends object = object> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly code: TlogErrorCode; readonly message: string };

/** Runs a check that throws `TlogError`, and gives its result as a value. Any other error is a mistake in the code, and passes. */
export function verification<T extends object>(check: () => T): Verification<T> {
  try {
    return { ok: true, ...check() };
  } catch (error) {
    if (error instanceof TlogError) return { ok: false, code: error.code, message: error.message };
    throw error;
  }
}

export const malformed = (message: string, cause?: unknown): TlogError =>
  new TlogError('malformed', message, cause === undefined ? {} : { cause });
