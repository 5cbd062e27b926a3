/**
 * Edge: the door. It listens, turns away who floods, reads bodies within their limits, walks each exchange along the request path, and writes what comes of it:
 * the answer, or an error in the API's own words. It knows no other room; what a step of another one decides, it carries out.
 */
export { createDeadline } from './deadline.ts';
export { createListener, type Listener } from './listener.ts';
export { createEdgeSteps } from './steps.ts';
