/**
 * Vault: the keys under which tenants' content lies; documents follow. Each tenant has a key-encryption key of its own, kept outside of the database and its
 * backups, so that deleting it reaches every copy of what was encrypted under it. It does not protect from who is root on the host.
 */
export type { RootKey } from './root-key.ts';
