import type { Decision, OpenaiError, Problem, Reason } from '@vallum/contract';
import { type Api, type Exchange, type Fault, faultCatalog } from '../kernel/index.ts';

/** How an error is said in an API's own words. Unknown errors are `internal` by now, and say nothing but the request's id. */
export function renderError(
  x: Exchange,
  fault: Fault,
): { status: number; contentType: string; body: Buffer } {
  const { status } = faultCatalog[fault.code];
  const body = bodies[x.route.api](x, fault);
  const contentType = x.route.api === 'vallum' ? 'application/problem+json' : 'application/json';
  return { status, contentType, body: Buffer.from(JSON.stringify(body)) };
}

const bodies: Record<Api, (x: Exchange, fault: Fault) => Problem | OpenaiError> = {
  /** RFC 9457. */
  vallum(x, { code, detail }) {
    const { status, title } = faultCatalog[code];
    return {
      type: `urn:vallum:fault:${code}`,
      title,
      status,
      ...(detail && { detail }),
      instance: `urn:vallum:request:${x.id}`,
      code,
      request_id: x.id,
      ...verdict(x),
    };
  },
  openai(x, { code, detail, param }) {
    const { title, openai } = faultCatalog[code];
    const message = detail ? `${title}: ${detail}` : title;
    return { error: { message, type: openai, param: param ?? null, code, request_id: x.id, ...verdict(x) } };
  },
};

function verdict(x: Exchange): { decision?: Decision; reasons?: Reason[] } {
  return x.reasons.length > 0 ? { decision: x.decision, reasons: [...x.reasons] } : {};
}
