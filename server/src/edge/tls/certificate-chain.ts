import type { X509Certificate } from 'node:crypto';

const longestChain = 8;

/**
 * A client's certificate, each one's issuer, up to one of the authorities.
 * @param sent what came: the client's own first, the others in any order.
 * @param authorities those that are believed now. Where the way up does not end at one of them there is no chain: an authority that is taken
 *   out of the settings is out for connections that are there already, too.
 */
export function certificateChain(
  [leaf, ...sent]: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): readonly X509Certificate[] {
  if (!leaf) return [];
  const chain = [leaf];
  const above = [...authorities, ...sent];
  for (let last = leaf; chain.length < longestChain; ) {
    if (authorities.some(({ fingerprint256 }) => fingerprint256 === last.fingerprint256)) return chain;
    const issuer = above.find((each) => last.checkIssued(each) && last.verify(each.publicKey));
    if (!issuer || chain.includes(issuer)) return [];
    chain.push(issuer);
    last = issuer;
  }
  return [];
}
