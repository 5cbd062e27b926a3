/**
 * Rates: how much one address, one key and one tenant may ask. Those of addresses are counted by each process for itself; those of keys and tenants are leased from a store that
 * all share, so that no 60 seconds see more than the limit, whatever the number of processes. When nobody can say what is left, nothing is.
 */
export { createAddressRates } from './address-rates.ts';
export { createSharedRates } from './shared-rates.ts';
