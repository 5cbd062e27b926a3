/**
 * Agents: who answers. Models are reached through providers, one port for all of them; which one answers for a model is the catalogue's.
 * A provider streams whole events, ends each call exactly once, and stops when the client has gone.
 * What may be asked, and what may leave, is not decided here but on the request path.
 */
export { createCatalog } from './models/catalog.ts';

export { modelRoutes } from './routes.ts';
