import { z } from 'zod';
import { readNetwork } from './forwarding/address.ts';
import { certificateHeaders } from './forwarding/client-certificate.ts';

/** What of the settings this room reads, as `vallum.yaml` has it. */

const file = z.string().min(1);
const network = z
  .string()
  .refine((text) => readNetwork(text) !== undefined, 'must be an address or a network such as 10.0.0.0/8');

/** `tls`: PEM files. */
export const tlsSettings = z
  .strictObject({
    /** The certificate, and what stands between it and its root. */
    cert: file,
    key: file,
    /** Whose client certificates are believed. */
    ca: file.optional(),
    client_certificates: z.enum(['none', 'optional', 'required']).default('none'),
    minimum: z.enum(['1.3', '1.2']).default('1.3'),
  })
  .refine(({ ca, client_certificates: asked }) => (ca !== undefined) === (asked !== 'none'), {
    path: ['ca'],
    message: 'ca and client_certificates (optional or required) need each other',
  });
export type TlsSettings = z.output<typeof tlsSettings>;

/** `proxies`: what stands before us, and how far it is believed. */
export const proxySettings = z
  .strictObject({
    trusted: z.array(network).max(1_000).default([]),
    /** Which header says for whom they ask: exactly the one that they write themselves. */
    address_header: z.enum(['x-forwarded-for', 'forwarded', 'none']).default('x-forwarded-for'),
    proxy_protocol: z.enum(['off', 'v2']).default('off'),
    client_certificate_header: z.enum(certificateHeaders).optional(),
    /** The authorities of the certificates in it, which are checked again here. */
    client_ca: file.optional(),
  })
  .prefault({})
  .refine(({ trusted, proxy_protocol: spoken }) => spoken === 'off' || trusted.length > 0, {
    path: ['proxy_protocol'],
    message: 'needs trusted: from others it is not read',
  })
  .refine(({ trusted, client_certificate_header: header }) => header === undefined || trusted.length > 0, {
    path: ['client_certificate_header'],
    message: 'needs trusted: from others it is not read',
  })
  .refine(
    ({ client_ca: ca, client_certificate_header: header }) => (ca === undefined) === (header === undefined),
    {
      path: ['client_ca'],
      message: 'client_ca and client_certificate_header need each other',
    },
  );
export type ProxySettings = z.output<typeof proxySettings>;

const origin = z
  .string()
  .refine(
    (text) => URL.parse(text)?.origin === text && text !== 'null',
    'must be an origin such as https://app.example.org: no path, no wildcard, no slash at its end',
  );

/** `cors`: pages of which other origins may call us. */
export const corsSettings = z.strictObject({
  origins: z.array(origin).min(1).max(100),
  max_age_s: z.int().min(0).max(86_400).default(600),
});
