import type { user as userSchema } from '@vallum/contract';
import type { z } from 'zod';
import type { User } from './ports.ts';

/** A user as the API shows them. */
export const userReply = (
  { createdAt, lastSignInAt, disabledAt, lockedUntilMs, mustChangePassword, issuer, ...user }: User,
  nowMs: number,
): z.input<typeof userSchema> => ({
  id: user.id,
  email: user.email,
  name: user.name,
  created_at: createdAt,
  last_sign_in_at: lastSignInAt ?? null,
  disabled_at: disabledAt ?? null,
  locked_until:
    lockedUntilMs !== undefined && lockedUntilMs > nowMs ? new Date(lockedUntilMs).toISOString() : null,
  must_change_password: mustChangePassword,
  totp: user.totp,
  passkeys: user.passkeys,
  issuer: issuer ?? null,
});
