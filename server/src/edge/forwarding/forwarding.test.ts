import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateAuthority, hasOpenssl } from '../../../../tests/support/certificate-authority.ts';
import { Fault } from '../../kernel/index.ts';
import { trustedProxies } from './address.ts';
import { type CertificateHeader, certificateHeaders, forwardedCertificates } from './client-certificate.ts';
import { createForwarding } from './forwarding.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vallum-forwarding-'));
afterAll(() => rmSync(folder, { recursive: true }));

let root: X509Certificate;
let leaf: X509Certificate;
beforeAll(() => {
  if (!hasOpenssl) return;
  const authority = certificateAuthority(folder, 'root');
  root = new X509Certificate(authority.cert);
  leaf = new X509Certificate(authority.issue('leaf').cert);
});

const binary = (...certificates: X509Certificate[]): string =>
  certificates.map(({ raw }) => `:${raw.toString('base64')}:`).join(', ');
const envoy = (...certificates: X509Certificate[]): string => encodeURIComponent(certificates.join(''));

function setUp(certificateHeader?: CertificateHeader) {
  let strangers = 0;
  let authorities: readonly X509Certificate[] = [root];
  const forwarding = createForwarding({
    isTrusted: trustedProxies(['10.0.0.0/8']),
    addressHeader: 'none',
    certificateHeader,
    authorities: () => authorities,
    onStranger: () => {
      strangers++;
    },
  });
  return {
    ...forwarding,
    strangers: () => strangers,
    believe: (...now: X509Certificate[]) => {
      authorities = now;
    },
  };
}
const asking = (headers: Record<string, string>): IncomingMessage =>
  ({ headers, rawHeaders: Object.entries(headers).flat() }) as unknown as IncomingMessage;
const names = (chain: readonly X509Certificate[]) => chain.map(({ subject }) => subject);

describe.skipIf(!hasOpenssl)("a client's certificate in a proxy's header", () => {
  it.each([
    ['client-cert', () => ({ 'client-cert': binary(leaf) })],
    ['client-cert', () => ({ 'client-cert': binary(leaf), 'client-cert-chain': binary(root) })],
    ['x-forwarded-client-cert', () => ({ 'x-forwarded-client-cert': `Hash=ab;Cert="${envoy(leaf)}"` })],
    [
      'x-forwarded-client-cert',
      () => ({ 'x-forwarded-client-cert': `By=spiffe://a/b;Chain="${envoy(leaf, root)}";DNS=x` }),
    ],
  ] as const)('is read, and completed by an authority that we know: %s', (header, headers) => {
    expect(names(setUp(header).certificatesOf(asking(headers())))).toEqual(['CN=leaf', 'CN=root']);
  });

  it("is nobody's where no authority of ours stands above it, also once it has been taken away", () => {
    const { certificatesOf, believe } = setUp('client-cert');
    const request = asking({ 'client-cert': binary(leaf), 'client-cert-chain': binary(root) });
    expect(certificatesOf(request)).toHaveLength(2);
    believe();
    expect(certificatesOf(request)).toEqual([]);
    believe(leaf);
    expect(names(certificatesOf(request))).toEqual(['CN=leaf']);
  });

  it('is not read in another header than the one that was agreed on', () => {
    expect(
      setUp('client-cert').certificatesOf(asking({ 'x-forwarded-client-cert': `Cert="${envoy(leaf)}"` })),
    ).toEqual([]);
    expect(setUp().certificatesOf(asking({ 'client-cert': binary(leaf) }))).toEqual([]);
  });

  it('is refused where a client may have written a part of it: in two lines, or two elements', () => {
    const two = `Cert="${envoy(leaf)}"`;
    expect(() => forwardedCertificates('client-cert', binary(leaf, leaf), undefined)).toThrow(Fault);
    expect(() => forwardedCertificates('x-forwarded-client-cert', `${two}, ${two}`, undefined)).toThrow(
      Fault,
    );
    expect(() =>
      forwardedCertificates('client-cert', binary(leaf), binary(...Array.from({ length: 8 }, () => root))),
    ).toThrow(Fault);
  });
});

it('what is no certificate is a Fault, whatever it is', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...certificateHeaders),
      fc.oneof(
        fc.string(),
        fc.base64String().map((text) => `:${text}:`),
        fc.string().map((text) => `Cert="${encodeURIComponent(text.toWellFormed())}"`),
      ),
      fc.option(fc.string(), { nil: undefined }),
      (header, value, chain) => {
        expect(() => forwardedCertificates(header, value, chain)).toThrow(Fault);
      },
    ),
    { numRuns: 300 },
  ));

describe('a header with a certificate that nobody may send', () => {
  const headers = () => ({
    Host: 'a',
    'Client-Cert': ':x:',
    'client-cert-chain': ':y:',
    'X-Forwarded-Client-Cert': 'z',
  });
  const lower = () =>
    Object.fromEntries(Object.entries(headers()).map(([name, value]) => [name.toLowerCase(), value]));
  const request = () =>
    ({ headers: lower(), rawHeaders: Object.entries(headers()).flat() }) as unknown as IncomingMessage;

  it.each([
    ['a stranger', 'client-cert', false, []],
    ['a proxy, where none is read', undefined, true, []],
    ['a proxy that writes another', 'client-cert', true, ['client-cert', 'client-cert-chain']],
    ['a proxy that writes one', 'x-forwarded-client-cert', true, ['x-forwarded-client-cert']],
  ] as const)('is taken out wherever it stands, and told of: %s', (_, header, trusted, left) => {
    const { dropCertificates, strangers } = setUp(header);
    const sent = request();
    dropCertificates(sent, trusted);
    expect(Object.keys(sent.headers)).toEqual(['host', ...left]);
    expect(sent.rawHeaders.filter((_text, at) => at % 2 === 0).map((name) => name.toLowerCase())).toEqual([
      'host',
      ...left,
    ]);
    expect(strangers()).toBe(1);
  });

  it('is not looked for any further where it is not there', () => {
    const { dropCertificates, strangers } = setUp();
    const sent = asking({ host: 'a' });
    dropCertificates(sent, false);
    expect(strangers()).toBe(0);
  });
});
