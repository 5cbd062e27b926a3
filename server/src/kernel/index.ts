/**
 * Kernel: the words that all rooms share. It knows no database, no HTTP and no other room.
 * A decision is a value; a failure is a Fault. Ports say their duties in words.
 */
export type { Caller, CredentialKind, Environment, Principal } from './caller.ts';
export { type Author, authorOf, changeEntry, changeEntryBy } from './change.ts';
export { type Clock, systemClock } from './clock.ts';
export type { Control, Standing } from './control.ts';
export { type Arrival, Exchange } from './exchange.ts';
export { Fault, type FaultCode, faultCatalog, faultOf } from './fault.ts';
export { newId, uuidv7 } from './ids.ts';
export type { Log, LogFields } from './log.ts';
export type { Outlet, ReplyHead } from './outlet.ts';
export type { RequestPath, Stage, Step } from './path.ts';
export type {
  KeyPurpose,
  LedgerAppend,
  NewEntry,
  Quota,
  QuotaHold,
  TenantKeys,
} from './ports.ts';
export type { Given, HeldRole, Rights } from './rights.ts';
export {
  type Api,
  type Channel,
  type ContentFields,
  openRoute,
  type RawReply,
  type Route,
  rawRoute,
  route,
  type Segment,
  type StreamCodec,
  type StreamEvent,
} from './route.ts';
export { run, type Service } from './service.ts';
export type { Signal } from './signal.ts';
