import { z } from 'zod';
import { displayName } from './admin.ts';
import { id } from './id.ts';
import { newSession } from './sessions.ts';

/** Passkeys in the JSON forms of WebAuthn Level 3 (5.1.8 to 5.1.10): what a browser's `parse…FromJSON` takes and its `toJSON` gives. */

const base64url = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[\w-]+$/, 'must be base64url without padding');
const credentialType = z.literal('public-key');

export const passkey = z.strictObject({
  id: id('passkey'),
  name: z.string(),
  created_at: z.iso.datetime(),
  last_used_at: z.iso.datetime().nullable(),
});
export const passkeyList = z.strictObject({ data: z.array(passkey) });

export const passkeyCreationOptions = z.strictObject({
  rp: z.strictObject({ id: z.string(), name: z.string() }),
  user: z.strictObject({ id: z.string(), name: z.string(), displayName: z.string() }),
  challenge: z.string(),
  pubKeyCredParams: z.array(z.strictObject({ type: credentialType, alg: z.int() })),
  timeout: z.int(),
  attestation: z.literal('none'),
  authenticatorSelection: z.strictObject({
    residentKey: z.literal('required'),
    requireResidentKey: z.literal(true),
    userVerification: z.literal('required'),
  }),
  excludeCredentials: z.array(z.strictObject({ type: credentialType, id: z.string() })),
});

/** What browsers add to it is of no use here and is left out. */
export const newPasskey = z.strictObject({
  name: displayName,
  credential: z.object({
    id: base64url(1_400),
    type: credentialType,
    response: z.object({ clientDataJSON: base64url(8_192), attestationObject: base64url(65_536) }),
  }),
});

export const passkeyRequestOptions = z.strictObject({
  challenge: z.string(),
  rpId: z.string(),
  timeout: z.int(),
  userVerification: z.literal('required'),
});

/** Whose passkeys are asked for; the first organization's where it is absent. */
export const passkeyQuestion = newSession.pick({ organization: true });

export const passkeySignIn = newSession.pick({ organization: true, tenant: true }).extend({
  credential: z.object({
    id: base64url(1_400),
    type: credentialType,
    response: z.object({
      clientDataJSON: base64url(8_192),
      authenticatorData: base64url(8_192),
      signature: base64url(4_096),
      userHandle: base64url(128),
    }),
  }),
});
