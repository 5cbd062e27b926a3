/**
 * Contract: the schemas and formats of every public message. Server, CLI, SDK and console read these,
 * and nothing here reads them. Formats of the ledger that outsiders verify are under `@vallum/contract/tlog`.
 */

export * from './accounts.ts';
export * from './addresses.ts';
export * from './admin.ts';
export * from './canonical.ts';
export * from './chat.ts';
export * from './credentials.ts';
export * from './decision.ts';
export * from './id.ts';
export * from './ledger-entry.ts';
export * from './models.ts';
export * from './opening.ts';
export * from './passkeys.ts';
export * from './problem.ts';
export * from './request-record.ts';
export * from './roles.ts';
export * from './sessions.ts';
export * from './sign-in.ts';
export * from './waf.ts';
