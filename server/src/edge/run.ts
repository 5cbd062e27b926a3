import { goesOn } from '@vallum/contract';
import { type Clock, type Exchange, Fault, faultOf, type Outlet, type RequestPath } from '../kernel/index.ts';
import type { Deadline } from './deadline.ts';

interface RunParts {
  readonly path: RequestPath;
  readonly clock: Clock;
  /** How long an asynchronous step may take before it has denied. */
  readonly deadline: Deadline;
}

/**
 * Walks one exchange along the request path. A step that throws, judges `hold` or worse, or passes its deadline has denied; the refusal is on record before it is shown.
 * @param reply where the answer or the error goes at last.
 */
export async function runExchange(
  { path, clock, deadline }: RunParts,
  x: Exchange,
  reply: Outlet,
): Promise<void> {
  try {
    for (const step of path.admit) {
      const began = clock.micros();
      try {
        const working = step.run(x);
        if (working instanceof Promise) await deadline.hold(working, step.name);
        if (!goesOn(x.decision)) throw new Fault('content-blocked');
      } catch (error) {
        if (goesOn(x.decision)) x.judge('block', { by: step.name, code: faultOf(error).code });
        throw error;
      } finally {
        x.trace(step.name, clock.micros() - began);
      }
    }
  } catch (error) {
    await refuse(path, x, error, reply);
    return;
  }
  const outlet = path.release.reduceRight((next, stage) => stage(x, next), reply);
  try {
    const answering = x.route.answer(x, outlet);
    if (answering instanceof Promise) await answering;
  } catch (error) {
    // With an intent in the log the stages know how to end; without one this is a refusal like any before it.
    if (x.intent !== undefined) outlet.fail(error);
    else await refuse(path, x, error, reply);
  }
}

/** Refuses an exchange that has no intent: on record first, then shown. */
export async function refuse(path: RequestPath, x: Exchange, error: unknown, reply: Outlet): Promise<void> {
  if (goesOn(x.decision)) x.judge('block', { by: 'path', code: faultOf(error).code });
  try {
    await path.refuse(x, faultOf(error));
    reply.fail(error);
  } catch (unrecorded) {
    reply.fail(unrecorded);
  }
}
