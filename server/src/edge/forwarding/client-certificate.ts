import { X509Certificate } from 'node:crypto';
import { Fault } from '../../kernel/index.ts';
import { readParameterList } from './parameter-list.ts';

/** Where a proxy that has checked a client's certificate says which it was: RFC 9440, or as Envoy does. */
export const certificateHeaders = ['client-cert', 'x-forwarded-client-cert'] as const;
export type CertificateHeader = (typeof certificateHeaders)[number];
/** The second header of RFC 9440. */
export const chainHeader = 'client-cert-chain';

/** Longer than any chain that is made on purpose. */
const longestChain = 8;

/**
 * The certificates in a proxy's headers, the client's own first.
 * @throws Fault `input-invalid` where they are written in another way. Two lines of a header are none: a client may have sent the first.
 */
export function forwardedCertificates(
  header: CertificateHeader,
  value: string,
  chain: string | undefined,
): readonly X509Certificate[] {
  try {
    const found = header === 'client-cert' ? byteSequences(value, chain) : ofEnvoy(value);
    if (found && found.length > 0 && found.length <= longestChain)
      return found.map((each) => new X509Certificate(each));
  } catch {
    // OpenSSL says what is wrong with it, and may quote it.
  }
  throw new Fault('input-invalid', { detail: `headers: ${header} does not hold a client certificate.` });
}

/** RFC 9440, section 2: `:base64 of DER:`, and a list of such for what is above it. */
function byteSequences(value: string, chain: string | undefined): Buffer[] | undefined {
  const above = chain === undefined ? [] : chain.split(',');
  const bytes: Buffer[] = [];
  for (const each of [value, ...above]) {
    const base64 = /^[ \t]*:([A-Za-z0-9+/]+={0,2}):[ \t]*$/.exec(each)?.[1];
    if (base64 === undefined || base64.length % 4 !== 0) return undefined;
    bytes.push(Buffer.from(base64, 'base64'));
  }
  return bytes;
}

/** Envoy's: one element; `Chain` holds all of it, `Cert` the client's own, as PEM in percent-encoding. */
function ofEnvoy(value: string): string[] | undefined {
  const [element, ...more] = readParameterList(value) ?? [];
  const text = element?.get('chain') ?? element?.get('cert');
  if (text === undefined || more.length > 0) return undefined;
  return pemBlocks(decodeURIComponent(text));
}

/** The certificates of a PEM text, each as PEM. */
export const pemBlocks = (text: string): string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
