/** Who a workload is, by SPIFFE: `spiffe://trust-domain/path`. */
export interface SpiffeId {
  readonly trustDomain: string;
  readonly path: string;
}

const longestBytes = 2_048;
const trustDomain = /^[a-z0-9._-]{1,255}$/;
const segment = /^[a-zA-Z0-9._-]+$/;

/**
 * Reads a SPIFFE id as its standard has it (SPIFFE-ID, sections 2.1 to 2.4), of a workload: with a path. No escapes, no port, no query, no capitals in the domain.
 * @returns undefined for what is not one.
 */
export function readSpiffeId(uri: string): SpiffeId | undefined {
  if (uri.length > longestBytes || !uri.startsWith('spiffe://')) return undefined;
  const [domain = '', ...segments] = uri.slice('spiffe://'.length).split('/');
  if (!trustDomain.test(domain) || segments.length === 0) return undefined;
  if (!segments.every((each) => segment.test(each) && each !== '.' && each !== '..')) return undefined;
  return { trustDomain: domain, path: `/${segments.join('/')}` };
}
