/** Headers that a reply carries, by what it is. */
export interface SecurityHeaders {
  of(contentType: string): Readonly<Record<string, string>>;
}

/** What is no page may not become one: nothing of it runs, is framed or is sniffed. */
const dataPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** A page runs what we serve, and nothing that stands in it. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const always = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** RFC 6797; two years, as the preload lists ask. Other hosts of the domain are not ours to decide about. */
const strictTransport = { 'strict-transport-security': 'max-age=63072000' };

/** @param secure whether callers reach us by HTTPS: by ours, or by that of what stands before us. */
export function securityHeaders(secure: boolean): SecurityHeaders {
  const transport = secure ? strictTransport : {};
  const data = { ...always, 'content-security-policy': dataPolicy, ...transport };
  const page = { ...always, 'content-security-policy': pagePolicy, ...transport };
  return { of: (contentType) => (contentType.startsWith('text/html') ? page : data) };
}
