import type { Role } from '@vallum/contract';
import { z } from 'zod';
import { type Claims, claimAt } from '../tokens/claims.ts';
import type { Provider } from './provider.ts';
import { SignInRefused } from './sign-in-refused.ts';

/** What a provider says of somebody, as far as its settings let us believe it. */
export interface Vouched {
  readonly subject: string;
  /** Lower case; undefined where it gave none. */
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  /** What people call them; empty where the provider gave none. */
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
}

const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(320)
  .regex(/^[^\s\p{Cc}@]{1,64}@[^\s\p{Cc}@]+$/u);
const name = z
  .string()
  .trim()
  .max(200)
  .regex(/^[^\p{Cc}]*$/u);
/** One, or a list. A text with spaces is one: what would be two words of it may be another's role. */
const values = z.union([z.string().transform((text) => [text]), z.array(z.string()).max(1_000)]);

/** Whether the claims lack something that the settings read, which the provider may tell elsewhere. */
export const lacks = (claims: Claims, { emailClaim, rolesClaim }: Provider): boolean =>
  claimAt(claims, emailClaim) === undefined ||
  (rolesClaim !== undefined && claimAt(claims, rolesClaim) === undefined);

/**
 * Reads the claims of an ID token, and of the user info where there is some: what the token says comes first, and an e-mail is believed to be verified by who gave it alone.
 * @throws SignInRefused `token-refused` for claims of a wrong kind
 */
export function vouchedBy(
  subject: string,
  token: Claims,
  userInfo: Claims | undefined,
  provider: Provider,
): Vouched {
  const { emailClaim, rolesClaim, roles, defaultRoles } = provider;
  const ofEmail = [token, userInfo ?? {}].find((claims) => claimAt(claims, emailClaim) !== undefined);
  const groups = rolesClaim && (claimAt(token, rolesClaim) ?? claimAt(userInfo ?? {}, rolesClaim));
  const given = groups === undefined ? [] : read(values, groups);
  return {
    subject,
    email: ofEmail && read(email, claimAt(ofEmail, emailClaim)),
    emailVerified: isEmail(emailClaim) && isTrue(ofEmail?.email_verified),
    name: name.safeParse(token.name ?? userInfo?.name).data ?? '',
    roles: new Set([...defaultRoles, ...given.flatMap((value) => roles.get(value) ?? [])]),
  };
}

/** `email_verified` speaks of the claim `email`, and of no other that may hold an address. */
const isEmail = (path: readonly string[]): boolean => path.length === 1 && path[0] === 'email';

/** Some write it as a text. */
const isTrue = (value: unknown): boolean => value === true || value === 'true';

function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const { success, data } = schema.safeParse(value);
  if (!success) throw new SignInRefused('token-refused');
  return data;
}
