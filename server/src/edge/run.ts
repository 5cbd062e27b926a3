import { goesOn } from '@vallum/contract';
import {
  type Clock,
  type Exchange,
  Fault,
  faultOf,
  type Outlet,
  type RequestPath,
  type Step,
} from '../kernel/index.ts';

interface RunParts {
  readonly path: RequestPath;
  readonly clock: Clock;
  /** How long an asynchronous step may take before it has denied, in ms. */
  readonly deadlineMs: number;
}

/**
 * Walks one exchange along the request path. A step that throws, judges `hold` or worse, or passes its deadline has denied; the refusal is on record before it is shown.
 * @param reply where the answer or the error goes at last.
 */
export async function runExchange(
  { path, clock, deadlineMs }: RunParts,
  x: Exchange,
  reply: Outlet,
): Promise<void> {
  try {
    for (const step of path.admit) {
      const began = clock.micros();
      try {
        const working = step.run(x);
        if (working instanceof Promise) await within(working, step, deadlineMs);
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

async function refuse(path: RequestPath, x: Exchange, error: unknown, reply: Outlet): Promise<void> {
  if (goesOn(x.decision)) x.judge('block', { by: 'path', code: faultOf(error).code });
  try {
    await path.refuse(x, faultOf(error));
    reply.fail(error);
  } catch (unrecorded) {
    reply.fail(unrecorded);
  }
}

/** A step that hangs has denied. */
function within(working: Promise<void>, { name }: Step, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Fault('unavailable', { because: `${name} passed its deadline of ${deadlineMs} ms` })),
      deadlineMs,
    );
  });
  return Promise.race([working, late]).finally(() => clearTimeout(timer));
}
