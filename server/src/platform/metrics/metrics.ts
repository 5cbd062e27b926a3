import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Signal } from '../../kernel/index.ts';

export interface Metrics {
  /** One exchange that is over. */
  exchange(route: string, status: number | undefined, decision: string, seconds: number): void;
  fault(code: string): void;
  signal(signal: Signal): void;
  /** The text that Prometheus scrapes. */
  text(): Promise<string>;
  readonly contentType: string;
}

interface Gauges {
  /** Entries that wait for the ledger now. */
  readonly outstanding: () => number;
  /** API keys that should be replaced. */
  readonly keysDue: () => number;
}

export function createMetrics({ outstanding, keysDue }: Gauges): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const seconds = new Histogram({
    name: 'vallum_request_seconds',
    help: 'Time from arrival to the last byte, by route and decision',
    labelNames: ['route', 'status', 'decision'] as const,
    buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const faults = new Counter({
    name: 'vallum_faults_total',
    help: 'Errors shown to callers, by code',
    labelNames: ['code'] as const,
    registers,
  });
  const signals = new Counter({
    name: 'vallum_signals_total',
    help: 'Signals, by kind',
    labelNames: ['kind', 'severity'] as const,
    registers,
  });
  new Gauge({
    name: 'vallum_ledger_outstanding_entries',
    help: 'Entries that wait for the ledger',
    registers,
    collect() {
      this.set(outstanding());
    },
  });
  new Gauge({
    name: 'vallum_api_keys_rotation_due',
    help: 'API keys of all tenants that are older than identity.keys.rotation_days',
    registers,
    collect() {
      this.set(keysDue());
    },
  });
  /** Looking labels up costs more than counting, so each combination is looked up once. */
  const children = new Map<string, { observe(value: number): void }>();

  return {
    exchange(route, status, decision, took) {
      const name = `${route} ${status} ${decision}`;
      const child = children.get(name) ?? seconds.labels(route, String(status ?? 'none'), decision);
      children.set(name, child);
      child.observe(took);
    },
    fault: (code) => faults.inc({ code }),
    signal: ({ kind, severity }) => signals.inc({ kind, severity }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
