import type { Question } from '../ask.ts';
import type { PlainRequest } from './plain-request.ts';

/** Headers that a client sets itself, or that are about a body. */
const ofTheConnection =
  /^(?:connection|content-.*|expect|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;

/**
 * A request as it can be sent to any server: without a body, whose strings stand in the query instead. What no client could send is percent-encoded.
 */
export function asGet({ head, body }: PlainRequest): { readonly path: string; readonly question: Question } {
  const pairs = body ? pairsOf(body.value, 'body') : [];
  const query = [head.query, ...pairs.map((pair) => pair.map(encodeURIComponent).join('='))]
    .filter(Boolean)
    .join('&');
  const path = `${head.path.startsWith('/') ? '' : '/'}${head.path}${query && `?${query}`}`;
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < head.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = head.rawHeaders.slice(at, at + 2);
    if (/^[\w-]+$/.test(name) && !ofTheConnection.test(name))
      headers[name] = encoded(value, /[^\t\x20-\x7e]/gu);
  }
  return { path: encoded(path, /[^\x21-\x7e]/gu), question: { headers } };
}

/** Every string of a value, under the name that it has. */
function pairsOf(value: unknown, name: string): [string, string][] {
  if (typeof value === 'string') return [[name, value.toWellFormed()]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    pairsOf(member, Array.isArray(value) ? name : key.toWellFormed()),
  );
}

const encoded = (text: string, what: RegExp): string => text.toWellFormed().replace(what, encodeURIComponent);
