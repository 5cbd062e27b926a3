import type { Config } from '../config.ts';
import { createEdgeSteps } from '../edge/index.ts';
import type { Clock, Service } from '../kernel/index.ts';

interface EdgeParts {
  readonly config: Config;
  readonly clock: Clock;
}

interface Edge {
  readonly steps: ReturnType<typeof createEdgeSteps>;
  readonly services: readonly Service[];
}

/** What is turned away at the door. */
export function composeEdge({ config, clock }: EdgeParts): Edge {
  const steps = createEdgeSteps({
    clock,
    limits: { anonymousPerAddress: config.limits.anonymous_per_address },
  });
  return { steps, services: [] };
}
