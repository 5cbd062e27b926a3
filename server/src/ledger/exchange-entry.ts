import type { Ending } from '@vallum/contract';
import type { Exchange, NewEntry } from '../kernel/index.ts';

/**
 * Entries of an exchange. Members are written in code-unit order, so that the canonical form costs one `JSON.stringify`.
 * Nothing of the content is in them.
 */

type Entry = NewEntry['entry'];

/** Who, what, and what was decided on the input. */
export function intentOf(x: Exchange): NewEntry {
  const { principal, tenant } = x.who;
  const entry: Entry = {
    action: x.route.action,
    at: new Date(x.atMs).toISOString(),
    decision: x.decision,
    id: x.id,
    kind: 'intent',
    phase: 0,
    principal: { id: principal.id, type: principal.type },
    ...(x.reasons.length > 0 && { reasons: [...x.reasons] }),
    resource: x.resource,
    tenant,
    v: 1,
  };
  return { entry, trace: traceOf(x) };
}

/** How an exchange with an intent ended. */
export function outcomeOf(
  x: Exchange,
  nowMs: number,
  ended: Ending,
  status: number | undefined,
  fault?: string,
): NewEntry {
  const { principal, tenant } = x.who;
  const entry: Entry = {
    action: x.route.action,
    at: new Date(nowMs).toISOString(),
    decision: x.decision,
    ended,
    ...(fault && { fault }),
    id: x.id,
    kind: 'outcome',
    phase: 1,
    principal: { id: principal.id, type: principal.type },
    ...(x.reasons.length > 0 && { reasons: [...x.reasons] }),
    resource: x.resource,
    ...(status && { status }),
    tenant,
    ...(x.usage && {
      usage: {
        estimated: x.usage.estimated,
        input_tokens: x.usage.inputTokens,
        output_tokens: x.usage.outputTokens,
      },
    }),
    v: 1,
  };
  return { entry, trace: traceOf(x, status) };
}

/** A refusal is one entry that says both. */
export function refusalOf(x: Exchange, fault: string, status: number): NewEntry {
  const { entry } = intentOf(x);
  return { entry: { ...entry, ended: 'refused', fault, kind: 'refusal', status }, trace: traceOf(x, status) };
}

/** For the request explorer. Names of steps and models are the only strings; both are escaped or our own. */
function traceOf(x: Exchange, status?: number): string {
  let steps = '';
  for (const { name, micros, decision } of x.steps) {
    steps += `${steps && ','}{"name":"${name}","micros":${Math.round(micros)},"decision":"${decision}"}`;
  }
  const { method } = x.arrival;
  return `{"method":"${method}","path":"${x.route.path}",${status ? `"status":${status},` : ''}"steps":[${steps}]}`;
}
