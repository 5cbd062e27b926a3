import { z } from 'zod';
import { environment } from './admin.ts';
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

/** The tenant in which the session is to act. */
export const sessionMove = z.strictObject({ tenant: id('tenant') });

/** A tenant in which a user has a role. */
export const ownTenant = z.strictObject({ id: id('tenant'), name: z.string(), environment });

/** How many sessions were ended. */
export const sessionsEnded = z.strictObject({ ended: z.int() });
