/**
 * Everything that can go wrong on purpose. Adding a row is adding to the public API: `docs/faults.md` lists them,
 * and a test compares. `retry` says whether the same request may succeed later (official clients read
 * `x-should-retry`); `openai` is the error type that OpenAI's clients expect.
 */
export const faultCatalog = {
  'input-invalid': {
    status: 400,
    title: 'The request is not valid',
    retry: false,
    openai: 'invalid_request_error',
  },
  'not-authenticated': {
    status: 401,
    title: 'No valid credential',
    retry: false,
    openai: 'authentication_error',
  },
  'policy-denied': {
    status: 403,
    title: 'Policy does not allow this',
    retry: false,
    openai: 'permission_error',
  },
  'address-refused': {
    status: 403,
    title: 'Not from this address',
    retry: false,
    openai: 'permission_error',
  },
  'request-blocked': {
    status: 403,
    title: 'The request was taken for an attack',
    retry: false,
    openai: 'permission_error',
  },
  'sign-in-refused': {
    status: 401,
    title: 'This sign-in is not accepted',
    retry: false,
    openai: 'authentication_error',
  },
  'code-required': {
    status: 401,
    title: 'A code is needed beside the password',
    retry: false,
    openai: 'authentication_error',
  },
  'sign-in-again': {
    status: 403,
    title: 'This needs a sign-in that is not long ago',
    retry: false,
    openai: 'permission_error',
  },
  'cross-site': {
    status: 403,
    title: 'A page of another site may not do this',
    retry: false,
    openai: 'permission_error',
  },
  'content-blocked': {
    status: 403,
    title: 'A guard refused this content',
    retry: false,
    openai: 'permission_error',
  },
  'not-found': {
    status: 404,
    title: 'Nothing here for this caller',
    retry: false,
    openai: 'invalid_request_error',
  },
  'request-timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    retry: true,
    openai: 'timeout',
  },
  conflict: {
    status: 409,
    title: 'The state has changed meanwhile',
    retry: false,
    openai: 'invalid_request_error',
  },
  'too-large': {
    status: 413,
    title: 'The request is too large',
    retry: false,
    openai: 'invalid_request_error',
  },
  'media-type-unsupported': {
    status: 415,
    title: 'The content type or encoding is not accepted',
    retry: false,
    openai: 'invalid_request_error',
  },
  'headers-too-large': {
    status: 431,
    title: 'The request line and headers are too large',
    retry: false,
    openai: 'invalid_request_error',
  },
  'rate-limited': { status: 429, title: 'Too many requests', retry: true, openai: 'rate_limit_error' },
  'quota-exhausted': { status: 429, title: 'Quota exhausted', retry: true, openai: 'insufficient_quota' },
  internal: { status: 500, title: 'Internal error', retry: false, openai: 'server_error' },
  'upstream-failed': { status: 502, title: 'The model provider failed', retry: true, openai: 'server_error' },
  unavailable: { status: 503, title: 'A dependency is not available', retry: true, openai: 'server_error' },
  overloaded: { status: 503, title: 'Too busy to take this now', retry: true, openai: 'server_error' },
  'upstream-timeout': {
    status: 504,
    title: 'The model provider did not answer in time',
    retry: true,
    openai: 'timeout',
  },
} as const satisfies Record<string, { status: number; title: string; retry: boolean; openai: string }>;

export type FaultCode = keyof typeof faultCatalog;

export interface FaultOptions {
  /** Shown to the caller: what was wrong, where, what to do. Never content, never a host or a key. */
  detail?: string;
  /** For operators only. */
  because?: string;
  cause?: unknown;
  /** Seconds until a retry makes sense: `Retry-After`. */
  retryAfterSeconds?: number;
  /** The field of the request that is wrong, where an API names one. */
  param?: string;
  /** RFC 6750's word for a credential that was sent and is not accepted, for `www-authenticate`. */
  challenge?: 'invalid_token';
}

/** A failure with a place in the catalogue. `message` and `cause` are for operators only; `detail` may be shown. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly detail: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly param: string | undefined;
  readonly challenge: FaultOptions['challenge'] | undefined;

  constructor(code: FaultCode, options: FaultOptions = {}) {
    super(options.because ?? options.detail ?? code, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.param = options.param;
    this.challenge = options.challenge;
  }
}

/** The fault in an error; what is not one is `internal`, and says nothing: its message may name a host, a key or a tenant. */
export const faultOf = (error: unknown): Fault =>
  error instanceof Fault ? error : new Fault('internal', { because: 'unexpected error', cause: error });
