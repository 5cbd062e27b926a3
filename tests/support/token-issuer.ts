import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

/** Somebody outside who signs tokens, and publishes its keys over HTTP as such services do. */
export interface TokenIssuer {
  readonly url: string;
  readonly keysUrl: string;
  /** How often its keys were asked for. */
  readonly asked: number;
  /** A token of five minutes, with these claims over the usual ones. */
  token(claims?: JWTPayload): Promise<string>;
  close(): Promise<void>;
}

type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

export async function startTokenIssuer(
  audience: string,
  alg: SigningAlgorithm = 'ES256',
): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const kid = `${alg}-1`;
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }] });
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/jwk-set+json').end(keys);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    keysUrl: `${url}/keys`,
    get asked() {
      return asked;
    },
    token: (claims = {}) =>
      new SignJWT({
        iss: url,
        aud: audience,
        sub: 'jane@example.org',
        scope: 'models:invoke vallum:read',
        ...claims,
      })
        .setProtectedHeader({ alg, typ: 'at+jwt', kid })
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
