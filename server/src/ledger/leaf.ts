import { canonical, type Json, uuidOf } from '@vallum/contract';
import type { NewEntry } from '../kernel/index.ts';
import { encodeRecord, type SealedField, type SealedValue } from './record.ts';
import type { TenantSealer } from './tenant-sealers.ts';
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

/** The public leaf of a commitment (ADR 4). */
export function leafBytes(commitment: Buffer): Buffer {
  const leaf = Buffer.allocUnsafe(1 + commitment.length);
  leaf[0] = 0x01;
  leaf.set(commitment, 1);
  return leaf;
}

/** Seals an entry and its committed fields, each on its own, under the tenant's audit key. */
export function sealEntry({ entry, text, fields, trace }: NewEntry, sealer: TenantSealer): Leaf {
  if (!fields && text !== undefined) return leafOf(entry, trace, sealer.entries.seal(text), []);
  const sealedFields = (fields ?? []).map(({ name, value }) => ({
    name,
    subject: entry.tenant,
    ...sealer.fields.seal(value),
  }));
  const committed = Object.fromEntries(
    sealedFields.map(({ name, commitment }) => [name, commitment.toString('base64')]),
  );
  const whole =
    sealedFields.length > 0 ? canonical({ ...entry, committed } as Json) : (text ?? canonical(entry as Json));
  return leafOf(entry, trace, sealer.entries.seal(whole), sealedFields);
}

function leafOf(
  entry: NewEntry['entry'],
  trace: string | undefined,
  { commitment, sealed }: SealedValue,
  sealedFields: readonly SealedField[],
): Leaf {
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
  writeUuid(uuidOf(tenant), head, 0);
  writeUuid(uuidOf(id), head, 16);
  head[32] = phase;
  head[33] = kinds.indexOf(kind);
  return head;
}

const hyphen = 45;

/** A UUID's 16 bytes. A loop over its characters costs a tenth of taking the hyphens out and parsing the rest. */
function writeUuid(uuid: string, bytes: Buffer, at: number): void {
  let place = at;
  for (let i = 0; i < 36; i += 2) {
    if (uuid.charCodeAt(i) === hyphen) i++;
    bytes[place++] = (nibble(uuid.charCodeAt(i)) << 4) | nibble(uuid.charCodeAt(i + 1));
  }
}

/** Of a lower-case hexadecimal digit. */
const nibble = (code: number): number => (code < 58 ? code - 48 : code - 87);

/** What a head says. */
export function readHead(head: Buffer) {
  const uuid = (from: number): string => {
    const hex = head.toString('hex', from, from + 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
  return { tenant: uuid(0), id: uuid(16), phase: head[32] ?? 0, kind: kinds[head[33] ?? -1] };
}

/** Kinds, actions, ids and decisions are words of our own, in which nothing needs escaping. */
function rowOf({ kind, action, principal, decision }: NewEntry['entry'], trace: string | undefined): string {
  let row = `{"k":"${kind}"`;
  if (action) row += `,"a":"${action}"`;
  if (principal) row += `,"p":"${principal.id}"`;
  if (decision) row += `,"d":"${decision}"`;
  return trace ? `${row},"t":${trace}}` : `${row}}`;
}
