import { canonical, type Json, type TenantId, uuidOf } from '@vallum/contract';
import type { NewEntry, TenantKeys } from '../kernel/index.ts';
import { commitEntry, commitField, encodeRecord, type SubjectKey, sealValue } from './record.ts';
import { leafHash } from './tree.ts';

/** An entry made ready for a batch: nothing in it depends on its place in the log. */
export interface Leaf {
  readonly commitment: Buffer;
  readonly hash: Buffer;
  readonly head: Buffer;
  readonly record: Buffer;
  /** See `Batch.rows`. */
  readonly row: string;
}

export const headBytes = 34;
/** The order is part of the format of heads: only append. */
const kinds = ['intent', 'outcome', 'refusal', 'tally', 'change', 'log'] as const;
const version = Buffer.from([0x01]);

/** The public leaf of a commitment (ADR 4). */
export const leafBytes = (commitment: Buffer): Buffer => Buffer.concat([version, commitment]);

/** Seals an entry and its committed fields, each on its own, under the tenant's audit key. */
export function sealEntry({ entry, fields, trace }: NewEntry, key: SubjectKey): Leaf {
  const sealedFields = (fields ?? []).map(({ name, value }) => {
    const bytes = Buffer.from(value);
    const { salt, sealed } = sealValue(key, 'field', bytes);
    return { name, subject: entry.tenant, sealed, commitment: commitField(salt, bytes).toString('base64') };
  });
  const committed =
    sealedFields.length > 0 &&
    Object.fromEntries(sealedFields.map(({ name, commitment }) => [name, commitment]));
  const bytes = Buffer.from(canonical((committed ? { ...entry, committed } : entry) as Json));
  const { salt, sealed } = sealValue(key, 'entry', bytes);
  const commitment = commitEntry(salt, bytes);
  return {
    commitment,
    hash: leafHash(leafBytes(commitment)),
    head: headOf(entry),
    record: encodeRecord(sealed, sealedFields),
    row: rowOf(entry, trace),
  };
}

function headOf({ tenant, id, phase, kind }: NewEntry['entry']): Buffer {
  const head = Buffer.allocUnsafe(headBytes);
  head.write(uuidOf(tenant).replaceAll('-', ''), 0, 16, 'hex');
  head.write(uuidOf(id).replaceAll('-', ''), 16, 16, 'hex');
  head[32] = phase;
  head[33] = kinds.indexOf(kind);
  return head;
}

/** What a head says. */
export function readHead(head: Buffer) {
  const uuid = (from: number): string => {
    const hex = head.toString('hex', from, from + 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
  return { tenant: uuid(0), id: uuid(16), phase: head[32] ?? 0, kind: kinds[head[33] ?? -1] };
}

function rowOf({ kind, action, principal, decision }: NewEntry['entry'], trace: string | undefined): string {
  const row = JSON.stringify({ k: kind, a: action, p: principal?.id, d: decision });
  return trace ? `${row.slice(0, -1)},"t":${trace}}` : row;
}

/** Audit keys of tenants, kept once derived, so that sealing does not wait. */
export function createAuditKeys(keys: TenantKeys) {
  const newest = new Map<TenantId, SubjectKey>();
  const loading = new Map<TenantId, Promise<SubjectKey>>();
  return {
    /** The newest key if it is at hand. */
    atHand: (tenant: TenantId): SubjectKey | undefined => newest.get(tenant),
    /** Asked by many at once, it is derived once, and they go on in their order. */
    load(tenant: TenantId): Promise<SubjectKey> {
      const derived =
        loading.get(tenant) ??
        keys
          .derive(tenant, 'audit')
          .then((key) => {
            newest.set(tenant, key);
            return key;
          })
          .finally(() => loading.delete(tenant));
      loading.set(tenant, derived);
      return derived;
    },
  };
}
export type AuditKeys = ReturnType<typeof createAuditKeys>;
