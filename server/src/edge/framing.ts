import type { IncomingMessage } from 'node:http';

/** RFC 3986: a name, an IPv4 address, or an IPv6 address in brackets; and a port. */
const hostForm = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9._~-]{1,255})(?::\d{1,5})?$/i;

/**
 * What is wrong with how a request is written, beyond what Node's parser refuses: whatever two servers could understand as two different requests, or as one
 * for two different hosts. It leaves no second reading: the target is in origin-form afterwards.
 * @returns a sentence for the caller; undefined where nothing is wrong.
 */
export function whatIsAmbiguous(request: IncomingMessage): string | undefined {
  const { headers, httpVersion } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'request line: this server speaks HTTP/1.1.';
  const { host } = headers;
  // RFC 9112, section 3.2. An older HTTP knows none, and load balancers still ask in it.
  if (host === undefined ? httpVersion === '1.1' : !hostForm.test(host) || hostLines(request.rawHeaders) > 1)
    return host === undefined
      ? 'headers: HTTP/1.1 needs a Host header.'
      : 'headers: Host must be there once, and be a name or an address, with a port or without.';
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (httpVersion === '1.0' || coding.toLowerCase() !== 'chunked'))
    return 'headers: Transfer-Encoding may be chunked only, and in HTTP/1.1.';
  return request.url?.startsWith('/') && !request.url.includes('#') ? undefined : toOriginForm(request);
}

function hostLines(rawHeaders: readonly string[]): number {
  let lines = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') lines++;
  }
  return lines;
}

/** RFC 9112, section 3.2.2: the absolute form is to be understood; where it names another host than `Host` does, two servers would take two. */
function toOriginForm(request: IncomingMessage): string | undefined {
  const { url = '', headers, method } = request;
  if (url === '*' && method === 'OPTIONS') return undefined;
  const [, authority, rest] = /^https?:\/\/([^/?#]+)([^#]*)$/i.exec(url) ?? [];
  if (authority === undefined || authority.toLowerCase() !== headers.host?.toLowerCase())
    return 'request line: the target is a path, or a URL of the host that Host names, without a fragment.';
  request.url = rest?.startsWith('/') ? rest : `/${rest}`;
  return undefined;
}
