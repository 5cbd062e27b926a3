import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Connection } from '../connections/connection.ts';
import { certificateChain } from './certificate-chain.ts';

const mostSent = 8;

/**
 * The certificates of the client at the other end of a connection, put together once: its own, up to one of the authorities. None where it sent none, or
 * where TLS did not find them good.
 */
export function clientChain(
  socket: Socket,
  connection: Connection,
  authorities: readonly X509Certificate[],
): readonly X509Certificate[] {
  if (connection.chain?.of === authorities) return connection.chain.certificates;
  const sent: X509Certificate[] = [];
  if (socket instanceof TLSSocket && socket.authorized) {
    for (let at = socket.getPeerX509Certificate(); at && sent.length < mostSent; at = at.issuerCertificate)
      sent.push(at);
  }
  const certificates = certificateChain(sent, authorities);
  connection.chain = { of: authorities, certificates };
  return certificates;
}
