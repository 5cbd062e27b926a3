/**
 * Identity: organizations, their tenants, and who may act for them. A credential is found by a keyed digest and shown once; what is wrong with one that is
 * refused is not said. It knows who calls, not what they may do: that is policy.
 */
export { createAuthenticate } from './authenticate.ts';
export { bootstrap } from './bootstrap.ts';

export { identityRoutes } from './routes.ts';
