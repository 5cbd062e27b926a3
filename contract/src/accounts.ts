import { z } from 'zod';
import { environment } from './admin.ts';
import { id } from './id.ts';

/** Addresses are ASCII (a domain in other letters in its `xn--` form) and kept in lower case, so that nobody has two accounts by spelling. */
const email = z
  .string()
  .trim()
  .min(3)
  .max(320)
  .regex(/^[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/, 'must be an e-mail address')
  .toLowerCase();

const name = z
  .string()
  .trim()
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not have control characters');

/** Whether it is good enough is the server's to say; this bounds what it looks at. */
const password = z.string().min(1).max(512);
const code = z.string().min(1).max(64);

export const user = z.strictObject({
  id: id('user'),
  email: z.string(),
  name: z.string(),
  created_at: z.iso.datetime(),
  last_sign_in_at: z.iso.datetime().nullable(),
  disabled_at: z.iso.datetime().nullable(),
  /** Too many wrong passwords: sign-in by password is refused until then. */
  locked_until: z.iso.datetime().nullable(),
  /** Whether an administrator gave the password, and another one is to be chosen. */
  must_change_password: z.boolean(),
  /** Whether a code is asked for beside the password. */
  totp: z.boolean(),
  passkeys: z.int(),
  /** Who vouches for them, where that is not us. */
  issuer: z.string().nullable(),
});

export const newUser = z.strictObject({ email, name: name.default('') });

/** What an administrator hands to the user, shown this once: it opens until then, and only to choose another. */
export const oneTimePassword = z.strictObject({ password: z.string(), expires_at: z.iso.datetime() });

export const invitedUser = user.extend({ one_time: oneTimePassword });

export const userChange = z
  .strictObject({ name: name.optional(), disabled: z.boolean().optional() })
  .refine(({ name: to, disabled }) => to !== undefined || disabled !== undefined, 'nothing to change');

/** A one-time password for somebody who has none any more, and perhaps also no second factor. */
export const passwordReset = z.strictObject({
  /** Takes away TOTP, recovery codes and passkeys. */
  forget_second_factors: z.boolean().default(false),
});

export const passwordChange = z.strictObject({ old_password: password, new_password: password });

/** Who is signed in, and where they may go. */
export const me = user.extend({
  tenant: id('tenant'),
  roles: z.array(z.string()),
  tenants: z.array(z.strictObject({ id: id('tenant'), name: z.string(), environment })),
});

/** For the authenticator app; shown this once. */
export const totpSecret = z.strictObject({ secret: z.string(), uri: z.string() });

export const totpConfirmation = z.strictObject({ code });

/** Each opens once, instead of a code of the authenticator app; shown this once. */
export const recoveryCodes = z.strictObject({ recovery_codes: z.array(z.string()) });

export const totpRemoval = z.strictObject({ password, code });
