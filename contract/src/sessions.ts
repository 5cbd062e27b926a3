import { z } from 'zod';
import { id } from './id.ts';

/** A sign-in that lasts, as its user sees it. */
export const session = z.strictObject({
  id: id('session'),
  user: id('user'),
  /** Where it acts. */
  tenant: id('tenant'),
  /** How who signed in was known. */
  method: z.enum(['password', 'password+totp', 'password+recovery', 'passkey', 'oidc']),
  /** What the browser says it is. */
  client: z.string(),
  created_at: z.iso.datetime(),
  /** Noted once a minute at most. */
  seen_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  /** Whether it is the one that asks. */
  current: z.boolean(),
});

/** Lists that are never long enough for pages. */
export const sessionList = z.strictObject({ data: z.array(session) });

/** Sign-in by password. */
export const newSession = z.strictObject({
  email: z
    .string()
    .min(1)
    .max(320)
    .regex(/^[^\p{Cc}]*$/u, 'must not have control characters'),
  password: z.string().min(1).max(512),
  /** Of the authenticator app, or a recovery code; needed where the answer without it is `code-required`. */
  code: z.string().min(1).max(64).optional(),
  /** Whose user it is; the first organization's where it is absent. */
  organization: id('organization').optional(),
  /** Where the session is to act; the first tenant in which the user has a role where it is absent. */
  tenant: id('tenant').optional(),
});

/** A session that has just been opened; what opens it from now on is in the cookie alone. */
export const openedSession = session.extend({
  /** Whether the password was given by an administrator: until another one is chosen, the session is good for nothing else. */
  must_change_password: z.boolean(),
});

/** The tenant in which the session is to act. */
export const sessionMove = z.strictObject({ tenant: id('tenant') });

/** How many sessions were ended. */
export const sessionsEnded = z.strictObject({ ended: z.int() });
