import { readCbor } from './cbor.ts';

/** What an authenticator says of itself and of what it did (WebAuthn Level 3, 6.1). */
export interface AuthenticatorData {
  /** SHA-256 of the relying party's id. */
  readonly relyingPartyHash: Buffer;
  readonly userPresent: boolean;
  /** By a PIN, a finger, a face. */
  readonly userVerified: boolean;
  /** 0 where the authenticator does not count. */
  readonly signCount: number;
  /** At a registration. */
  readonly credential: { readonly id: Buffer; readonly publicKey: Buffer } | undefined;
}

const flag = { userPresent: 0x01, userVerified: 0x04, credential: 0x40, extensions: 0x80 };
const headBytes = 32 + 1 + 4;
const aaguidBytes = 16;
/** WebAuthn Level 3, 7.1, and the column that it goes into. */
const credentialIdBytes = { least: 16, most: 1023 };

/** @throws RangeError for bytes of another form, or more of them than it says */
export function readAuthenticatorData(bytes: Buffer): AuthenticatorData {
  if (bytes.length < headBytes) throw new RangeError('authenticator data: cut short');
  const flags = bytes.readUInt8(32);
  const has = (bit: number): boolean => (flags & bit) !== 0;
  let rest = bytes.subarray(headBytes);
  let credential: AuthenticatorData['credential'];
  if (has(flag.credential)) {
    const idAt = aaguidBytes + 2;
    const idBytes = rest.length < idAt ? 0 : rest.readUInt16BE(aaguidBytes);
    if (idBytes < credentialIdBytes.least || idBytes > credentialIdBytes.most || rest.length < idAt + idBytes)
      throw new RangeError('authenticator data: no credential id of an accepted length');
    const id = rest.subarray(idAt, idAt + idBytes);
    rest = rest.subarray(idAt + idBytes);
    const { length } = readCbor(rest);
    credential = { id, publicKey: rest.subarray(0, length) };
    rest = rest.subarray(length);
  }
  if (has(flag.extensions)) rest = rest.subarray(readCbor(rest).length);
  if (rest.length > 0) throw new RangeError('authenticator data: more than it says');
  return {
    relyingPartyHash: bytes.subarray(0, 32),
    userPresent: has(flag.userPresent),
    userVerified: has(flag.userVerified),
    signCount: bytes.readUInt32BE(33),
    credential,
  };
}
