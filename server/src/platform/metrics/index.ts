/** Prometheus metrics of this process. Labels are routes, codes and decisions of our own, never a word of a caller's. */
export { createMetrics } from './metrics.ts';
