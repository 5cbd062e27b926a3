/** What may stand in a log line. What is not listed here cannot get into one: no content, no header, no credential. */
export interface LogFields {
  readonly request?: string;
  readonly tenant?: string;
  readonly route?: string;
  readonly status?: number;
  readonly code?: string;
  readonly ms?: number;
  readonly count?: number;
  readonly path?: string;
  readonly version?: string;
  /** Of credentials, as the settings name it. */
  readonly issuer?: string;
  readonly error?: unknown;
}

/** Lines for operators. `event` is a fixed sentence; what varies is in the fields. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
