import { Fault } from '../../kernel/index.ts';

/** What is known of a provider's refusal. */
export interface Refusal {
  readonly provider: string;
  readonly status: number;
  readonly retryAfter?: string | undefined;
  /** The reply's body, as far as it was read. */
  readonly body?: string;
  /** Our credential at the provider, which must not be shown. */
  readonly secret?: string | undefined;
}

const longestMessage = 500;
/** Controls, and format characters that reorder or hide text. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/**
 * The fault that a provider's status is to our caller. What the provider says of the caller's own request is passed on; what it says of
 * our account with it, or of itself, is for operators.
 * @param nowMs to read a `Retry-After` that is a date.
 */
export function faultOfRefusal(refusal: Refusal, nowMs: number): Fault {
  const { provider, status } = refusal;
  const because = `${provider} answered ${status}`;
  const said = saidOf(refusal);
  const shown = {
    because,
    ...(said?.message && { detail: said.message }),
    ...(said?.param && { param: said.param }),
  };
  const seconds = retryAfterSeconds(refusal.retryAfter, nowMs);
  const later = { because, ...(seconds !== undefined && { retryAfterSeconds: seconds }) };
  switch (status) {
    case 400:
    case 422:
      return new Fault('input-invalid', shown);
    case 404:
      // Without the API's error a 404 says that the base URL is wrong, which is no news to the caller.
      return said ? new Fault('not-found', shown) : new Fault('upstream-failed', { because });
    case 413:
      return new Fault('too-large', shown);
    case 429:
      return new Fault('rate-limited', later);
    default:
      return new Fault('upstream-failed', status >= 500 ? later : { because });
  }
}

/** What an error body of OpenAI's shape says, made fit to be shown. */
function saidOf({ body, secret }: Refusal): { message: string; param: string | undefined } | undefined {
  try {
    const { error } = JSON.parse(body ?? '') as { error?: { message?: unknown; param?: unknown } };
    if (typeof error?.message !== 'string') return undefined;
    const message = error.message.replace(unprintable, ' ').trim().slice(0, longestMessage).toWellFormed();
    const param =
      typeof error.param === 'string' && /^[\w.[\]-]{1,100}$/.test(error.param) ? error.param : undefined;
    return { message: secret && error.message.includes(secret) ? '' : message, param };
  } catch {
    return undefined;
  }
}

/** RFC 9110, section 10.2.3: seconds, or a date. At most an hour; undefined for what is neither. */
function retryAfterSeconds(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - nowMs) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 1), 3600);
}
