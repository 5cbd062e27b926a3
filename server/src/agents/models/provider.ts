import type { ChatRequest } from '@vallum/contract';
import type { Exchange, Outlet } from '../../kernel/index.ts';

/** A model that callers may name. */
export interface ModelInfo {
  readonly id: string;
  /** What the provider calls it, where that differs. */
  readonly upstream?: string;
}

/** One call of a model. */
export interface ModelCall {
  /** The request's body as it goes out: what guards left of it, with the provider's name for the model. */
  readonly bytes: Buffer;
  /** The same, parsed; `model` is still the caller's name for it. */
  readonly body: ChatRequest;
  /** For its id, for `resume`, and to learn that the client has gone. */
  readonly exchange: Exchange;
}

/** Answers chat completions. */
export interface ModelProvider {
  readonly name: string;
  models(): readonly ModelInfo[];
  /**
   * Starts the call and returns at once; the outlet gets the answer, and `end` or `fail` exactly once, also when the client has gone
   * (`exchange.aborted` says so) and when nothing could be sent. Never throws.
   * A stream's frames are whole events, each the way `SseSplitter` gives it, `[DONE]` the last; a complete answer is one frame. Where
   * `frame` answers false the provider stops soon, and goes on when `exchange.resume` is called.
   * Of a complete answer it sets `exchange.usage`; of a stream, who reads the events does.
   */
  invoke(call: ModelCall, outlet: Outlet): void;
  /** Ends all connections, with the calls on them. */
  close(): Promise<void>;
}
