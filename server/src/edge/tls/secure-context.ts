import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { Fault } from '../../kernel/index.ts';
import type { TlsSettings } from '../settings.ts';
import type { KeyPair } from './certificate-files.ts';

/** RFC 8446: all that there are and that are used, each authenticated encryption. */
const suites13 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];
/** Of TLS 1.2 what gives the same: forward secrecy, authenticated encryption. */
const suites12 = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

/**
 * What a listener's TLS is made of.
 * @throws Fault `internal` that says to operators what OpenSSL does not take
 */
export function secureContextOptions(
  { minimum, client_certificates: asked }: TlsSettings,
  pair: KeyPair,
  authorities: readonly string[],
): SecureContextOptions {
  const options: SecureContextOptions = {
    ...pair,
    minVersion: minimum === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: [...suites13, ...(minimum === '1.2' ? suites12 : [])].join(':'),
    honorCipherOrder: true,
    // A session that is taken up again is not verified again, and what is left of its certificates is the client's own alone.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (asked === 'none' ? 0 : constants.SSL_OP_NO_TICKET),
    ...(asked !== 'none' && { ca: [...authorities] }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new Fault('internal', { because: 'OpenSSL does not take the certificate or its key', cause });
  }
  return options;
}
