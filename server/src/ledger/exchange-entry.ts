import type { Ending } from '@vallum/contract';
import type { Exchange, NewEntry } from '../kernel/index.ts';

/**
 * Entries of an exchange, as objects and, beside them, as canonical JSON written member by member: the path makes two of them for each request, and putting one in order
 * costs more than all the rest. A test holds the two against each other. Nothing of the content is in them.
 */

type Entry = NewEntry['entry'];

/** Who, what, and what was decided on the input. */
export function intentOf(x: Exchange): NewEntry {
  const entry = entryOf(x, 'intent', 0, x.atMs);
  return { entry, text: textOf(entry), trace: traceOf(x, undefined), ...subjectOf(x) };
}

/** How an exchange with an intent ended. */
export function outcomeOf(
  x: Exchange,
  nowMs: number,
  ended: Ending,
  status: number | undefined,
  fault?: string,
): NewEntry {
  const entry = entryOf(x, 'outcome', 1, nowMs);
  entry.ended = ended;
  if (fault) entry.fault = fault;
  if (status) entry.status = status;
  if (x.usage) {
    entry.usage = {
      estimated: x.usage.estimated,
      input_tokens: x.usage.inputTokens,
      output_tokens: x.usage.outputTokens,
    };
  }
  return { entry, text: textOf(entry), trace: traceOf(x, status) };
}

/** A refusal is one entry that says both. */
export function refusalOf(x: Exchange, fault: string, status: number): NewEntry {
  const entry = entryOf(x, 'refusal', 0, x.atMs);
  entry.ended = 'refused';
  entry.fault = fault;
  entry.status = status;
  return { entry, text: textOf(entry), trace: traceOf(x, status), ...subjectOf(x) };
}

/** Whom the principal's id stands for, where others named it: a commitment, since it may be personal. Who may open the entry can read it. */
function subjectOf({ who: { subject } }: Exchange): Pick<NewEntry, 'fields'> {
  if (!subject) return {};
  const value = JSON.stringify({ issuer: subject.issuer, name: subject.name });
  return { fields: [{ name: 'subject', value }] };
}

function entryOf(x: Exchange, kind: 'intent' | 'outcome' | 'refusal', phase: 0 | 1, atMs: number): Entry {
  const { principal, tenant } = x.who;
  const { decision, id, reasons, resource, route } = x;
  const at = new Date(atMs).toISOString();
  const entry: Entry = {
    action: route.action,
    at,
    decision,
    id,
    kind,
    phase,
    principal,
    resource,
    tenant,
    v: 1,
  };
  if (reasons.length > 0) entry.reasons = [...reasons];
  return entry;
}

/** Canonical JSON (RFC 8785). What is a word of our own needs no escaping; what a caller may have named goes through `JSON.stringify`. */
function textOf(entry: Entry): string {
  const {
    action,
    at,
    decision,
    ended,
    fault,
    id,
    kind,
    phase,
    principal,
    reasons,
    resource,
    status,
    tenant,
    usage,
  } = entry;
  let text = `{"action":"${action}","at":"${at}","decision":"${decision}",`;
  if (ended) text += `"ended":"${ended}",`;
  if (fault) text += `"fault":"${fault}",`;
  text += `"id":"${id}","kind":"${kind}","phase":${phase},"principal":{"id":"${principal?.id}","type":"${principal?.type}"},`;
  if (reasons)
    text += `"reasons":[${reasons.map(({ by, code, text: why }) => `{"by":${JSON.stringify(by)},"code":${JSON.stringify(code)}${why === undefined ? '' : `,"text":${JSON.stringify(why)}`}}`).join()}],`;
  text += `"resource":${JSON.stringify(resource)},`;
  if (status) text += `"status":${status},`;
  text += `"tenant":"${tenant}"`;
  if (usage)
    text += `,"usage":{"estimated":${usage.estimated},"input_tokens":${usage.input_tokens},"output_tokens":${usage.output_tokens}}`;
  return `${text},"v":1}`;
}

/** For the request explorer. Names of steps, paths and methods are words of our own. */
function traceOf(x: Exchange, status: number | undefined): string {
  let steps = '';
  for (const { name, micros, decision } of x.steps) {
    steps += `${steps && ','}{"name":"${name}","micros":${micros},"decision":"${decision}"}`;
  }
  return `{"method":"${x.route.method}","path":"${x.route.path}",${status ? `"status":${status},` : ''}"steps":[${steps}]}`;
}
