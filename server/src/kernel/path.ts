import type { Exchange } from './exchange.ts';
import type { Fault } from './fault.ts';
import type { Outlet } from './outlet.ts';

/** One step of the request path before the answer. It adds to the exchange, judges it, or throws: a throw has denied. */
export interface Step {
  readonly name: string;
  run(exchange: Exchange): void | Promise<void>;
}

/** One stage between the answer and the caller: it wraps the next one. */
export type Stage = (exchange: Exchange, next: Outlet) => Outlet;

/** The life of a request: the steps that admit it, and the stages that release its answer, outermost last. */
export interface RequestPath {
  readonly admit: readonly Step[];
  readonly release: readonly Stage[];
  /** Puts a refusal on record; what it rejects with is shown instead. */
  refuse(exchange: Exchange, fault: Fault): Promise<void>;
}
