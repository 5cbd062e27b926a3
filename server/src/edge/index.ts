/**
 * Edge: the door. It listens, turns away who floods, reads bodies within their limits, walks each exchange along the request path, and writes what comes of it:
 * the answer, or an error in the API's own words. It knows no other room; what a step of another one decides, it carries out.
 */
export {
  addressRoutes,
  addressSettings,
  createAddressRefusal,
  createOrganizationLists,
} from './addresses/index.ts';
export { createCors } from './cors.ts';
export { createDeadline } from './deadline.ts';
export { trustedProxies } from './forwarding/address.ts';
export { createForwarding } from './forwarding/forwarding.ts';
export { createListener, type Listener } from './listener.ts';
export { createAddressRates, createSharedRates } from './rates/index.ts';
export { createScreening } from './screening.ts';
export { securityHeaders } from './security-headers.ts';
export { warnSeldom } from './seldom.ts';
export { corsSettings, proxySettings, tlsSettings } from './settings.ts';
export { createEdgeSteps } from './steps.ts';
export { createTlsMaterial } from './tls/tls-material.ts';
