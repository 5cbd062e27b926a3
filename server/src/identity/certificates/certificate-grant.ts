import type { X509Certificate } from 'node:crypto';
import type { OrganizationId, Role, TenantId } from '@vallum/contract';
import type { Principal } from '../../kernel/index.ts';
import type { Grant } from '../grant.ts';
import { urisOf } from './alt-names.ts';
import { readSpiffeId, type SpiffeId } from './spiffe-id.ts';

/** Whose certificates are believed, and for how much. */
export interface CertificateRule {
  /** SHA-256 of the DER of a CA that stands above the certificate, in hexadecimal, with or without colons. */
  readonly caFingerprint: string;
  /** The SPIFFE trust domain that this CA speaks for. Where it is absent the rule is for certificates without a SPIFFE id, named by their subject. */
  readonly trustDomain?: string;
  readonly principal: Principal['type'];
  readonly organization: OrganizationId | undefined;
  readonly tenant: TenantId;
  readonly scopes: readonly string[];
  /** In that tenant; none where it is absent. */
  readonly roles?: readonly Role[];
  readonly ratePerMinute: number;
}

/** What is wrong with a certificate, for operators alone. */
export type CertificateRefusal =
  | 'chain'
  | 'not-a-leaf'
  | 'not-valid-now'
  | 'not-for-clients'
  | 'alt-names'
  | 'spiffe-id'
  | 'nameless'
  | 'no-rule';

export type CertificateVerdict = { readonly grant: Grant } | { readonly refused: CertificateRefusal };

/** RFC 5280, 4.2.1.12. */
const clientAuth = '1.3.6.1.5.5.7.3.2';
/** Longer than any that is made on purpose. */
const longestChain = 8;

/**
 * What a client's certificate is worth, by rules of which the first that fits counts.
 * @param chain as the TLS layer verified it: the client's own certificate, then each one's issuer. Each link, the times and the uses are checked here again, so that a
 * caller that hands in what a client sent, instead of what was verified, gives nobody anything.
 */
export function grantOfCertificate(
  chain: readonly X509Certificate[],
  rules: readonly CertificateRule[],
  now: Date,
): CertificateVerdict {
  const [leaf, ...authorities] = chain;
  if (!leaf || authorities.length === 0 || chain.length > longestChain) return { refused: 'chain' };
  if (leaf.ca) return { refused: 'not-a-leaf' };
  if (chain.some(({ validFromDate, validToDate }) => now < validFromDate || now > validToDate))
    return { refused: 'not-valid-now' };
  // Where a certificate says what it is for, that must be this.
  if (leaf.keyUsage && !leaf.keyUsage.includes(clientAuth)) return { refused: 'not-for-clients' };
  if (!authorities.every((authority, at) => isIssuedBy(chain[at], authority))) return { refused: 'chain' };
  const named = nameOf(leaf);
  if ('refused' in named) return named;

  const above = new Set(authorities.map(({ fingerprint256 }) => plain(fingerprint256)));
  const rule = rules.find(
    ({ caFingerprint, trustDomain }) =>
      above.has(plain(caFingerprint)) && trustDomain === named.spiffe?.trustDomain,
  );
  if (!rule) return { refused: 'no-rule' };
  const { principal: type, organization, tenant, scopes, roles = [], ratePerMinute, caFingerprint } = rule;
  const issuer = named.spiffe
    ? `spiffe://${named.spiffe.trustDomain}`
    : `x509:sha256:${plain(caFingerprint)}`;
  return {
    grant: { type, issuer, name: named.name, organization, tenant, scopes, roles, ratePerMinute },
  };
}

const plain = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase();

const isIssuedBy = (certificate: X509Certificate | undefined, authority: X509Certificate): boolean =>
  certificate !== undefined &&
  authority.ca &&
  certificate.checkIssued(authority) &&
  certificate.verify(authority.publicKey);

/** By its SPIFFE id if it has one, which must then be its only URI (X509-SVID, section 2); else by its subject. */
function nameOf({
  subject,
  subjectAltName,
}: X509Certificate): { name: string; spiffe?: SpiffeId } | { refused: CertificateRefusal } {
  const uris = urisOf(subjectAltName ?? '');
  if (!uris) return { refused: 'alt-names' };
  const [uri, ...more] = uris;
  if (!uris.some((each) => /^spiffe:/i.test(each)))
    return subject ? { name: subject } : { refused: 'nameless' };
  const spiffe = uri !== undefined && more.length === 0 ? readSpiffeId(uri) : undefined;
  return spiffe ? { name: uri ?? '', spiffe } : { refused: 'spiffe-id' };
}
