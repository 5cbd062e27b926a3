import { idOf, type LedgerEntry, ledgerEntry, type RequestRecord, type TenantId } from '@vallum/contract';
import { Fault, type TenantKeys } from '../kernel/index.ts';
import type { EntryRow, EntryStore, Scope } from './ports.ts';
import { decodeRecord, keyVersionOf, openValue } from './record.ts';

/** An entry with what opens its leaf. */
export interface OpenedEntry {
  readonly entry: LedgerEntry;
  readonly salt: Buffer;
  readonly fields: Readonly<Record<string, { value: string; salt: Buffer }>>;
}

/** Reads what the ledger holds of one tenant: rows under row-level security, records under the tenant's audit key. */
export function createExplorer({ entries, keys }: { entries: EntryStore; keys: TenantKeys }) {
  async function open(tenant: TenantId, record: Buffer): Promise<OpenedEntry> {
    const { entry: sealed, fields } = decodeRecord(record);
    const keyOf = async (bytes: Buffer) => (await keys.derive(tenant, 'audit', keyVersionOf(bytes))).key;
    const { value, salt } = openValue(await keyOf(sealed), 'entry', sealed);
    const opened: Record<string, { value: string; salt: Buffer }> = {};
    for (const field of fields) {
      const { value: bytes, salt: own } = openValue(await keyOf(field.sealed), 'field', field.sealed);
      opened[field.name] = { value: bytes.toString(), salt: own };
    }
    return { entry: ledgerEntry.parse(JSON.parse(value.toString())), salt, fields: opened };
  }

  async function recordOf(
    tenant: TenantId,
    first: EntryRow,
    last: EntryRow | undefined,
  ): Promise<RequestRecord> {
    const { entry } = await open(tenant, first.record);
    const outcome = last ? (await open(tenant, last.record)).entry : undefined;
    const end = outcome ?? (entry.kind === 'refusal' ? entry : undefined);
    const trace = JSON.parse(last?.trace ?? first.trace ?? '{}') as Partial<
      Pick<RequestRecord, 'method' | 'path' | 'steps'>
    >;
    return {
      id: idOf('request', first.id),
      at: entry.at,
      method: trace.method ?? null,
      path: trace.path ?? null,
      principal: entry.principal,
      action: entry.action,
      resource: entry.resource,
      decision: end?.decision ?? entry.decision ?? 'block',
      reasons: end?.reasons ?? entry.reasons ?? [],
      ended: end?.ended ?? null,
      ended_at: end?.at ?? null,
      status: end?.status ?? null,
      fault: end?.fault ?? null,
      usage: end?.usage ?? null,
      steps: trace.steps ?? [],
      ledger: { intent_index: first.position, outcome_index: last?.position ?? null },
    };
  }

  return {
    /** Exchanges of a tenant, newest first. */
    async requests(scope: Scope, limit: number, before: string | undefined): Promise<RequestRecord[]> {
      const rows = await entries.requests(scope, limit, before);
      return Promise.all(rows.map(({ first, last }) => recordOf(scope.tenant, first, last)));
    },
    /** @throws Fault `not-found` */
    async request(scope: Scope, uuid: string): Promise<RequestRecord> {
      const row = await entries.request(scope, uuid);
      if (!row) throw new Fault('not-found');
      return recordOf(scope.tenant, row.first, row.last);
    },
    /** @throws Fault `not-found` for an index that is not one of this tenant's entries. */
    async entryAt(scope: Scope, position: number): Promise<OpenedEntry> {
      const row = await entries.at(scope, position);
      if (!row) throw new Fault('not-found');
      return open(scope.tenant, row.record);
    },
    /** Whether this tenant has an entry at a global index. */
    has: async (scope: Scope, position: number): Promise<boolean> =>
      (await entries.at(scope, position)) !== undefined,
  };
}

export type Explorer = ReturnType<typeof createExplorer>;
