import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { certificateChain } from '../tls/certificate-chain.ts';
import type { IsTrusted } from './address.ts';
import { type AddressHeader, clientBehind } from './client-address.ts';
import { type CertificateHeader, chainHeader, forwardedCertificates } from './client-certificate.ts';

export interface Forwarding {
  readonly isTrusted: IsTrusted;
  readonly addressHeader: AddressHeader;
  readonly certificateHeader: CertificateHeader | undefined;
  readonly authorities: () => readonly X509Certificate[];
  /** Told of client certificates in a header of somebody who may not send any. */
  readonly onStranger: () => void;
}

/** Chains are large, and each proxy has few clients: texts of headers that are kept with what they say. */
const chainsKept = 256;

/** What a proxy that we trust says of a request. What others say is not read. */
export function createForwarding(parts: Forwarding) {
  const { isTrusted, addressHeader, certificateHeader, authorities, onStranger } = parts;
  let chains = new Map<string, readonly X509Certificate[]>();
  let chainsOf: readonly X509Certificate[] = [];

  function chainOf(value: string, above: string | undefined): readonly X509Certificate[] {
    const now = authorities();
    if (now !== chainsOf) [chains, chainsOf] = [new Map(), now];
    const name = `${value}\n${above ?? ''}`;
    const known = chains.get(name);
    if (known) return known;
    const chain =
      certificateHeader === undefined
        ? []
        : certificateChain(forwardedCertificates(certificateHeader, value, above), now);
    chains.set(name, chain);
    const oldest = chains.size > chainsKept ? chains.keys().next() : undefined;
    if (oldest && !oldest.done) chains.delete(oldest.value);
    return chain;
  }

  return {
    readsCertificates: certificateHeader !== undefined,

    /** @returns whose request it is. @throws Fault `input-invalid` where the proxy cannot be understood */
    clientOf({ headers }: IncomingMessage, peer: string): string {
      const value = addressHeader === 'none' ? undefined : headers[addressHeader];
      return value === undefined ? peer : clientBehind(addressHeader, String(value), peer, isTrusted);
    },

    /** @returns the client's certificates, up to an authority; none where the proxy names none. @throws Fault as `clientOf` does */
    certificatesOf({ headers }: IncomingMessage): readonly X509Certificate[] {
      const value = certificateHeader === undefined ? undefined : headers[certificateHeader];
      if (value === undefined) return [];
      const above = certificateHeader === 'client-cert' ? headers[chainHeader] : undefined;
      return chainOf(String(value), above === undefined ? undefined : String(above));
    },

    /** Takes client certificates out of the headers of a request that may not have any there, so that nobody below reads them by mistake. */
    dropCertificates(request: IncomingMessage, trusted: boolean): void {
      const { headers, rawHeaders } = request;
      if (
        headers['client-cert'] === undefined &&
        headers['client-cert-chain'] === undefined &&
        headers['x-forwarded-client-cert'] === undefined
      )
        return;
      const read = trusted ? certificateHeader : undefined;
      const mayStay = (name: string): boolean =>
        name === read || (name === chainHeader && read === 'client-cert');
      let dropped = false;
      for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
        const name = rawHeaders[at]?.toLowerCase() ?? '';
        if (!carriers.has(name) || mayStay(name)) continue;
        rawHeaders.splice(at, 2);
        delete headers[name];
        dropped = true;
      }
      if (dropped) onStranger();
    },
  };
}

const carriers: ReadonlySet<string> = new Set(['client-cert', chainHeader, 'x-forwarded-client-cert']);
