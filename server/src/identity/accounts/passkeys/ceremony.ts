import { hash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type AuthenticatorData, readAuthenticatorData } from './authenticator-data.ts';
import { readCbor } from './cbor.ts';
import { readCoseKey } from './cose-key.ts';

/** Whom passkeys are for: the host, and the origin of its pages. */
export interface RelyingParty {
  readonly id: string;
  readonly origin: string;
}

export interface Registered {
  readonly credentialId: Buffer;
  /** In its COSE form. */
  readonly publicKey: Buffer;
  readonly signCount: number;
}

export interface Expected {
  readonly party: RelyingParty;
  /** Whether this is the challenge of the ceremony. */
  readonly isChallenge: (challenge: Buffer) => boolean;
}

/** Something of a ceremony is not as it must be. */
export class CeremonyRefused extends Error {
  override readonly name = 'CeremonyRefused';
}

/**
 * A new credential (WebAuthn Level 3, 7.1). Who made the authenticator is not asked (attestation "none"), so what an attestation says is not read.
 * @throws CeremonyRefused
 */
export const verifyRegistration = (
  response: { readonly clientDataJSON: Buffer; readonly attestationObject: Buffer },
  expected: Expected,
): Registered =>
  refusing(() => {
    checkClient(response.clientDataJSON, 'webauthn.create', expected);
    const { value, length } = readCbor(response.attestationObject);
    if (!(value instanceof Map) || length !== response.attestationObject.length)
      throw new CeremonyRefused('the attestation is not one object');
    const bytes: unknown = value.get('authData');
    if (!Buffer.isBuffer(bytes)) throw new CeremonyRefused('the attestation has no authenticator data');
    const data = readAuthenticatorData(bytes);
    checkAuthenticator(data, expected.party);
    if (!data.credential) throw new CeremonyRefused('there is no credential');
    // What cannot be verified with later is not kept.
    readCoseKey(data.credential.publicKey);
    return {
      credentialId: data.credential.id,
      publicKey: data.credential.publicKey,
      signCount: data.signCount,
    };
  });

/**
 * Proof that somebody has a credential and was verified by their authenticator (WebAuthn Level 3, 7.2). That the count goes up, and that the challenge is answered once, is for the caller to see.
 * @throws CeremonyRefused
 */
export const verifyAssertion = (
  response: {
    readonly clientDataJSON: Buffer;
    readonly authenticatorData: Buffer;
    readonly signature: Buffer;
  },
  publicKey: Buffer,
  expected: Expected,
): { readonly signCount: number } =>
  refusing(() => {
    checkClient(response.clientDataJSON, 'webauthn.get', expected);
    const data = readAuthenticatorData(response.authenticatorData);
    checkAuthenticator(data, expected.party);
    const signed = Buffer.concat([
      response.authenticatorData,
      hash('sha256', response.clientDataJSON, 'buffer'),
    ]);
    if (!readCoseKey(publicKey).verifies(signed, response.signature))
      throw new CeremonyRefused('the signature is of another key');
    return { signCount: data.signCount };
  });

const clientData = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.string().optional(),
});

/** What the browser says of the ceremony (5.8.1): which, for which challenge, on whose page. */
function checkClient(bytes: Buffer, type: string, { party, isChallenge }: Expected): void {
  const { data } = clientData.safeParse(JSON.parse(bytes.toString('utf8')));
  if (data?.type !== type) throw new CeremonyRefused('it is another ceremony');
  if (data.origin !== party.origin) throw new CeremonyRefused('it is for another origin');
  if (data.crossOrigin === true || data.topOrigin !== undefined)
    throw new CeremonyRefused('the page was in a frame of another one');
  if (!isChallenge(Buffer.from(data.challenge, 'base64url')))
    throw new CeremonyRefused('the challenge is another one');
}

function checkAuthenticator(data: AuthenticatorData, { id }: RelyingParty): void {
  if (!timingSafeEqual(data.relyingPartyHash, hash('sha256', id, 'buffer')))
    throw new CeremonyRefused('it is for another host');
  if (!data.userPresent || !data.userVerified)
    throw new CeremonyRefused('the authenticator did not verify who uses it');
}

/** Whatever cannot be read is refused like what is wrong. */
function refusing<T>(verify: () => T): T {
  try {
    return verify();
  } catch (error) {
    if (error instanceof CeremonyRefused) throw error;
    throw new CeremonyRefused('it cannot be read', { cause: error });
  }
}
