/** Every route of the API, as callers may know it. `server/src/architecture.test.ts` holds it against the routes that there are. */
export const publicRoutes = [
  'GET /health',
  'GET /ready',
  'GET /metrics',
  'POST /v1/chat/completions',
  'GET /v1/models',
  'GET /v1/tenants',
  'POST /v1/tenants',
  'GET /v1/keys',
  'POST /v1/keys',
  'DELETE /v1/keys/:id',
  'GET /v1/requests',
  'GET /v1/requests/:id',
  'GET /v1/ledger/entries/:index/proof',
  'GET /v1/ledger/entries/:index/opening',
  'GET /ledger/checkpoint',
  'GET /ledger/tile/*',
  'GET /ledger/logs/:log/checkpoint',
  'GET /ledger/logs/:log/tile/*',
] as const;

export type PublicRoute = (typeof publicRoutes)[number];
