/** A request as it is written down, by whatever way it is sent or judged. */
export interface PlainRequest {
  readonly head: {
    readonly method: string;
    readonly path: string;
    readonly query: string;
    /** Names and values in turn. */
    readonly rawHeaders: readonly string[];
  };
  readonly body?: { readonly value: unknown };
}
