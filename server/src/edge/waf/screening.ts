import type { Reason } from '@vallum/contract';
import { type Clock, type Exchange, Fault } from '../../kernel/index.ts';
import type { HeadInput } from './input.ts';
import type { WafPolicies } from './policies.ts';
import { protocolFamily } from './protocol.ts';
import { decide, type Finding, type Inspection, type Policy, threshold } from './verdict.ts';
import type { Waf } from './waf.ts';

/** The WAF on the request path. Each of these throws Fault `request-blocked` for what is not to go on. */
export interface WafScreening {
  /** Looks at method, path, query and headers, before anybody is known. What it finds is judged at once where nobody will be known. */
  head(x: Exchange): void;
  /** Judges what was found in the head, now that it is known whose it is. */
  caller(x: Exchange): void | Promise<void>;
  /**
   * Looks at a body without its content, and judges it together with the head.
   * @param value the body as it was parsed, before the route's schema has changed anything of it. `x.body` is what the schema made of it.
   */
  body(x: Exchange, value: unknown): void | Promise<void>;
}

interface ScreeningParts {
  readonly waf: Pick<Waf, 'inspect' | 'inspectHead'>;
  readonly policies: WafPolicies;
  readonly clock: Clock;
}

const step = 'edge.waf';

export function createWafScreening({ waf, policies, clock }: ScreeningParts): WafScreening {
  /** What was found in heads and is not decided. Most heads have nothing, and leave nothing here. */
  const open = new WeakMap<Exchange, Inspection>();

  function judge(x: Exchange, inspection: Inspection, policy: Policy): void {
    const { decision, counting, incomplete, score } = decide(inspection, policy, {
      route: x.route.path,
      nowMs: clock.now(),
    });
    if (score < threshold && !incomplete) return;
    // It is decided now; if it goes on, what the body adds is judged by itself.
    open.delete(x);
    x.judge(decision, ...reasonsOf(counting));
    if (decision === 'block') throw new Fault('request-blocked', { detail: detailOf(counting, incomplete) });
  }

  function judgeFor(x: Exchange, inspection: Inspection): void | Promise<void> {
    if (!x.caller) return judge(x, inspection, policies.anonymous);
    const policy = policies.of(x.caller);
    if (policy instanceof Promise) return policy.then((read) => judge(x, inspection, read));
    return judge(x, inspection, policy);
  }

  return {
    head(x) {
      const inspection = waf.inspectHead(headOf(x));
      if (inspection.findings.length === 0) return;
      const findings = inspection.findings.filter((finding) => !isSaidBetter(x, finding));
      if (findings.length === 0) return;
      const left = { ...inspection, findings };
      open.set(x, left);
      if (inspection.incomplete || isAnonymous(x)) judge(x, left, policies.anonymous);
    },
    caller(x) {
      const found = open.get(x);
      return found && judgeFor(x, found);
    },
    body(x, value) {
      const content = contentOf(x);
      const inspection = waf.inspect({ body: content ? { value, content } : { value } });
      if (inspection.findings.length === 0) return undefined;
      return judgeFor(x, together(open.get(x), inspection));
    },
  };
}

/** Whether nobody will be known: the route asks for nobody, or nothing was sent by which somebody could be. */
const isAnonymous = ({ route, arrival: { headers } }: Exchange): boolean =>
  route.action === 'open' || !credentialHeaders.some((name) => headers[name] !== undefined);
const credentialHeaders = ['authorization', 'x-api-key', 'api-key', 'cookie'];

/** The head without what the route expects letter for letter: an address of our own settings is none of an attacker's. */
function headOf({ route: { expects }, arrival }: Exchange): HeadInput {
  if (!expects || arrival.query === '') return arrival;
  const { method, path, rawHeaders } = arrival;
  const pairs = arrival.query.split('&').filter((pair) => !isExpected(pair, expects));
  return { method, path, query: pairs.join('&'), rawHeaders };
}

function isExpected(pair: string, expects: NonNullable<Exchange['route']['expects']>): boolean {
  const equals = pair.indexOf('=');
  const values = expects.get(pair.slice(0, equals));
  if (!values) return false;
  const [[, value = ''] = []] = new URLSearchParams(pair);
  return values.has(value);
}

/** Checks that a step below makes too, more strictly and in words that help more. */
const readsBodies = new Set([
  'protocol-body-type',
  'protocol-boundary',
  'protocol-charset',
  'protocol-content-encoding',
  'protocol-content-type',
]);

/** What has no route is refused anyway, by an error that says what was wrong with it. */
const isSaidBetter = ({ route }: Exchange, { family, rule }: Finding): boolean =>
  family === protocolFamily && (route.path === '*' || (route.body !== undefined && readsBodies.has(rule)));

/** Pointers of what others judge: guards, or the route itself. */
function contentOf({ route: { content, validated }, body }: Exchange): ReadonlySet<string> | undefined {
  if (!content && !validated) return undefined;
  const pointers = new Set(validated?.(body));
  for (const { pointer, plain } of content?.input(body) ?? []) if (!plain) pointers.add(pointer);
  return pointers;
}

/** Each rule counts once for a request, wherever it matched. */
function together(head: Inspection | undefined, body: Inspection): Inspection {
  if (!head) return body;
  const known = new Set(head.findings.map(({ rule }) => rule));
  const findings = [...head.findings, ...body.findings.filter(({ rule }) => !known.has(rule))];
  return { findings, incomplete: body.incomplete, micros: head.micros + body.micros };
}

/** By family, with the names of rules, by which an exception can be made: words of ours. */
function reasonsOf(findings: readonly Finding[]): Reason[] {
  const byFamily = Map.groupBy(findings, ({ family }) => family);
  return [...byFamily.keys()].sort().map((code) => ({
    by: step,
    code,
    text: (byFamily.get(code) ?? [])
      .map(({ rule }) => rule)
      .sort()
      .join(', '),
  }));
}

/** For people: where, and what it was taken for. Names in a place are short words, whatever was sent. */
function detailOf(findings: readonly Finding[], incomplete: boolean): string {
  if (incomplete)
    return 'It has more text than can be judged at once: send fewer and shorter fields, headers or query parameters.';
  const places = [...new Set(findings.map(({ where, family }) => `${where} (${family})`))];
  return `Looks like an attack: ${places.slice(0, 5).join(', ')}. Where it is none, an administrator can make an exception for a while.`;
}
