/**
 * Where a reply goes, piece by piece. Each stage of the request path wraps the next one in an outlet of its own.
 * Order: `head` once, `frame` any number of times, then `end` or `fail` once; `fail` may also come first.
 */
export interface Outlet {
  head(head: ReplyHead): void;
  /**
   * @param finish true from the first piece that ends the answer in its API's words (`finish_reason`, `[DONE]`),
   *   and for the body of a complete reply. What is marked so waits for the outcome to be durable.
   * @returns false when the producer should pause until the exchange's `resume` is called.
   */
  frame(bytes: Uint8Array, finish: boolean): boolean;
  end(): void;
  /** Ends the reply as a failure: an error reply before the head, that API's error event after it. */
  fail(error: unknown): void;
}

export interface ReplyHead {
  readonly status: number;
  readonly contentType: string;
  /** Whether the body is a stream of events rather than one message. */
  readonly streaming: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}
