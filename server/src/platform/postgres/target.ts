import type { ConnectionOptions as TlsOptions } from 'node:tls';

/** Where a database is, and as whom. */
export interface Target {
  /** A host name or address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** How TLS is spoken; absent for a Unix socket, and where the operator chose plain text. */
  readonly tls?: TlsOptions;
}
