import type { Answer } from './ask.ts';

/** Headers whose values are another at each answer, and say nothing: the time, the place of this exchange's own entry, and what is left of the caller's own rate. */
const restless: ReadonlySet<string> = new Set(['date', 'x-vallum-ledger-index', 'ratelimit']);

/**
 * Everything that a caller can tell two answers by, as one text: status, headers in their order and spelling, body byte for byte. What differs between any two
 * answers is taken out, and nothing else: the answer's own request id, its date, its own place in the ledger, what is left of the rate, and the numbers in its timing.
 */
export function normalised({ status, headers, rawHeaders, bytes }: Answer): string {
  const id = String(headers['x-vallum-request-id']);
  const lines = [`HTTP ${status}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    const lower = name.toLowerCase();
    const shown = restless.has(lower)
      ? '…'
      : lower === 'server-timing'
        ? value.replace(/dur=[\d.]+/g, 'dur=…')
        : value;
    lines.push(`${name}: ${shown}`);
  }
  return [...lines, '', bytes.toString('latin1')].join('\n').replaceAll(id, 'req_…');
}
