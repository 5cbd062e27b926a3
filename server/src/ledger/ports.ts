import type { OrganizationId, TenantId } from '@vallum/contract';
import type { NewEntry } from '../kernel/index.ts';
import type { FullTile } from './tree.ts';

/** One log: an origin, and the tree under it. */
export interface Log {
  readonly log: number;
  readonly origin: string;
  readonly vkey: string;
  readonly year: number;
  /** Global index of its first leaf. */
  readonly base: number;
}

/** Why a log takes no more entries. All but `ended` mean that the database could not be trusted to continue it. */
export type Freeze = 'ended' | 'behind' | 'forked' | 'damaged';

/** A batch as it is stored: everything of one commit, in one statement. */
export interface Batch {
  readonly log: number;
  readonly start: number;
  readonly next: number;
  readonly writer: string;
  /** Global index of the oldest intent of this writer without an outcome. */
  readonly openFrom: number | undefined;
  readonly root: Buffer;
  readonly checkpoint: string;
  /** 32 bytes a leaf. */
  readonly commitments: Buffer;
  /** 34 bytes a leaf: tenant, id, phase, kind. */
  readonly heads: Buffer;
  readonly records: Buffer;
  readonly recordBytes: readonly number[];
  /** A JSON array, one object a leaf: k kind, a action, p principal, d decision, t trace. */
  readonly rows: string;
  readonly tiles: readonly FullTile[];
}

/** What came of an append. Only `done` means that it is in the log. */
export type Appended =
  | { readonly kind: 'done'; readonly controlEpoch: number }
  /** The log does not end where the batch starts: somebody else appended. */
  | { readonly kind: 'stale' }
  /** This process has been declared dead: what it left open was sealed as lost. It must not go on. */
  | { readonly kind: 'fenced' }
  /** The log takes no more entries: a new one has begun. */
  | { readonly kind: 'closed' }
  /** One of the entries is in the log already. */
  | { readonly kind: 'duplicate' };

/** What a process that continues needs of a batch. */
export interface StoredBatch {
  readonly start: number;
  readonly next: number;
  readonly writer: string;
  readonly root: Buffer;
  readonly checkpoint: string;
  readonly commitments: Buffer;
}

/** Where a log ends. */
export interface LogHead {
  readonly log: Log;
  readonly frozen: Freeze | undefined;
  /** Undefined for a log without entries. */
  readonly last: StoredBatch | undefined;
}

export interface Writer {
  readonly writer: string;
  readonly openFrom: number | undefined;
}

/**
 * The log's home. Duties of an adapter: `append` is atomic and durable before it resolves with `done`; two batches never share a start, and none starts
 * past the end. Any method may reject with a Fault `unavailable`; after that the result of an append is unknown, and the same batch must be tried again.
 */
export interface LedgerStore {
  append(batch: Batch): Promise<Appended>;
  /** Runs with the appending lock held, so that nobody appends meanwhile; `work` must be quick and call nothing else that waits. */
  locked<T>(work: (held: LockedStore) => Promise<T>): Promise<T>;
  /** Every log, oldest first, each with its end. */
  logs(): Promise<LogHead[]>;
  batchesFrom(log: number, start: number, limit: number): Promise<StoredBatch[]>;
  /** Rows of heads by one writer, from a global index on, in order. */
  headsOf(writer: string, fromGlobal: number): Promise<Buffer[]>;
  tile(log: number, level: number, index: number): Promise<Buffer | undefined>;
  /** Roots of full tiles [from, to) of a level, concatenated. */
  tileRoots(log: number, level: number, from: number, to: number): Promise<Buffer>;
  /** Commitments of leaves [from, to), concatenated. */
  commitments(log: number, from: number, to: number): Promise<Buffer>;
  register(writer: string): Promise<void>;
  /** Says that the writer lives. @returns the control epoch; undefined when it was fenced. */
  heartbeat(writer: string): Promise<number | undefined>;
  retire(writer: string): Promise<void>;
  /** Fences every writer not seen for so long, and those given; gives all that are fenced and not recovered. */
  fence(silentMs: number, dead: readonly string[]): Promise<Writer[]>;
  recovered(writer: string): Promise<void>;
}

export interface LockedStore {
  append(batch: Batch): Promise<Appended>;
  batchesFrom(log: number, start: number): Promise<StoredBatch[]>;
  /** The newest log, if there is any. */
  head(): Promise<LogHead | undefined>;
  begin(log: Log): Promise<void>;
  freeze(log: number, because: Freeze, size: number): Promise<void>;
}

export interface Scope {
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
}

/** A row of the tenant's side of the log. */
export interface EntryRow {
  readonly id: string;
  readonly position: number;
  readonly record: Buffer;
  readonly trace: string | undefined;
}

/** The two rows of an exchange; one while it runs, or when it was refused. */
export interface RequestRow {
  readonly first: EntryRow;
  readonly last: EntryRow | undefined;
}

/** The tenant's side of the log, under row-level security. */
export interface EntryStore {
  /** The global index of an entry, if it is in the log. Any tenant's: the log itself asks. */
  positionOf(tenant: TenantId, uuid: string, phase: number): Promise<number | undefined>;
  /** Exchanges before an id, newest first. */
  requests(scope: Scope, limit: number, before: string | undefined): Promise<RequestRow[]>;
  request(scope: Scope, uuid: string): Promise<RequestRow | undefined>;
  at(scope: Scope, position: number): Promise<EntryRow | undefined>;
}

/** The last checkpoint that this process has signed, kept outside of the database. */
export interface HighWater {
  /** The note that was kept last, whole; undefined if there is none. @throws Fault `internal` if what is there cannot be read. */
  read(): Promise<string | undefined>;
  /** Keeps it against the death of this process. Synchronous and quick. */
  write(checkpoint: string): void;
  /** Keeps what was written against the loss of power. */
  flush(): Promise<void>;
}

/** Entries of actions that could not wait for the ledger, on this machine's disk. */
export interface Journal {
  /** Durable when it resolves. */
  keep(entry: NewEntry): Promise<void>;
  drop(entry: NewEntry): Promise<void>;
  /** What is kept, oldest first. */
  kept(): Promise<NewEntry[]>;
}
