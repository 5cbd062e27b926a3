import { z } from 'zod';
import { Fault, type Route, rawRoute } from './kernel/index.ts';

interface OperationsParts {
  /** Why this process should get no traffic now; nothing when it should. */
  readonly notReady: () => Promise<string | undefined>;
  /** What an operator should know, though it works. */
  readonly notes: () => Promise<string[]>;
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
}

const health = z.strictObject({ status: z.literal('ok') });
const ready = z.strictObject({ status: z.literal('ready'), notes: z.array(z.string()) });

const json = (value: unknown) => ({
  contentType: 'application/json',
  bytes: Buffer.from(JSON.stringify(value)),
});

/** What those who run Vallum ask it: does it live, should it get traffic, what does it measure. */
export const operationsRoutes = ({ notReady, notes, metrics }: OperationsParts): Route[] => [
  rawRoute({
    method: 'GET',
    path: '/health',
    action: 'open',
    summary: 'Whether the process lives',
    seals: 'none',
    handle: async () => json(health.parse({ status: 'ok' })),
  }),
  rawRoute({
    method: 'GET',
    path: '/ready',
    action: 'open',
    summary: 'Whether the process should get traffic',
    seals: 'none',
    async handle() {
      const why = await notReady();
      if (why) throw new Fault('unavailable', { detail: why, retryAfterSeconds: 1 });
      return json(ready.parse({ status: 'ready', notes: await notes() }));
    },
  }),
  rawRoute({
    method: 'GET',
    path: '/metrics',
    action: 'metrics:read',
    summary: 'Metrics for Prometheus',
    seals: 'none',
    handle: async () => ({ contentType: metrics.contentType, bytes: Buffer.from(await metrics.text()) }),
  }),
];
