/**
 * Addresses: from where one may come at all. Lists of the operator (addresses, files, reputation, countries) hold for everybody, before anything is read; lists of an organization
 * hold for its credentials. Deny comes before allow; where something is allowed, all else is refused; this machine is not exempt. What cannot be judged is refused, and no
 * address is written down.
 */
export { type AddressLists, refusedBy } from './lists.ts';
export { createOrganizationLists } from './organization-lists.ts';
export { createAddressRefusal, type RefuseAddress } from './refusal.ts';
export { addressRoutes } from './routes.ts';
export { addressSettings } from './settings.ts';
