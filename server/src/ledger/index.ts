/**
 * Ledger: the tamper-evident log. What `append` has answered is durable, signed for and provable by anybody, without trusting Vallum; nothing is ever changed
 * or removed. It seals on the request path (no record, no answer), and shows each tenant its own side. It keeps no content: commitments and ids.
 * What a tenant's entries say can be erased by erasing its key; the log stays whole. docs/adr/0004, 0005.
 */
export { createLedger } from './ledger.ts';
