import { z } from 'zod';

/** Every kind of id in the public API: a prefix that says what it names, then a UUIDv7 (RFC 9562). */
export const idPrefixes = {
  organization: 'org',
  tenant: 'tnt',
  user: 'usr',
  service: 'svc',
  agent: 'agt',
  key: 'key',
  request: 'req',
  entry: 'ent',
  session: 'ses',
  /** A short-lived credential. */
  token: 'tok',
  /** A role that somebody has. */
  assignment: 'asg',
  passkey: 'psk',
  /** A WAF rule that lets something pass for a while. */
  exception: 'exc',
} as const;
export type IdKind = keyof typeof idPrefixes;

export type Id<K extends IdKind> = `${(typeof idPrefixes)[K]}_${string}`;
export type OrganizationId = Id<'organization'>;
export type TenantId = Id<'tenant'>;
export type UserId = Id<'user'>;
export type ServiceId = Id<'service'>;
export type AgentId = Id<'agent'>;
export type KeyId = Id<'key'>;
export type RequestId = Id<'request'>;
export type EntryId = Id<'entry'>;
export type SessionId = Id<'session'>;
export type TokenId = Id<'token'>;
export type AssignmentId = Id<'assignment'>;
export type PasskeyId = Id<'passkey'>;
export type ExceptionId = Id<'exception'>;

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** The schema of one kind of id. */
export function id<K extends IdKind>(kind: K) {
  const shape = new RegExp(`^${idPrefixes[kind]}_${uuid}$`);
  return z.custom<Id<K>>((value) => typeof value === 'string' && shape.test(value), {
    error: `expected an id such as ${idPrefixes[kind]}_01890a5d-ac96-774b-bcce-b302099a8057`,
  });
}

/** The UUID in an id, as the database keeps it. */
export const uuidOf = (id: Id<IdKind>): string => id.slice(id.indexOf('_') + 1);

/** The id of a kind with this UUID. */
export const idOf = <K extends IdKind>(kind: K, uuid: string): Id<K> =>
  `${idPrefixes[kind]}_${uuid}` as Id<K>;
