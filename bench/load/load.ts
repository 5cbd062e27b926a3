/** What is sent, how often at once, and for how long. */
export interface Load {
  readonly port: number;
  /** Head and body, as they go on the wire. */
  readonly request: string;
  readonly connections: number;
  readonly ms: number;
}

export interface LoadResult {
  /** Whole replies with status 200 within the time, and how long that was. */
  readonly completed: number;
  readonly ms: number;
  /** With those that had begun and were waited for: what a process's CPU time is divided by. */
  readonly all: number;
  /** Requests to whole replies, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Failures by reason; a measurement with any is none. */
  readonly failures: Readonly<Record<string, number>>;
  /** The body of the first reply. */
  readonly sample: string;
}
